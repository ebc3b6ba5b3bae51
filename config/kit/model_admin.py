"""Generic lists and forms where an operator works with a model directly, under the same roles as pages."""

from collections.abc import Callable, Collection
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from unfold.admin import ModelAdmin

from config.kit import words
from config.kit.admin import has_role


class OperatorModelAdmin(ModelAdmin):
    """A model that operators edit by hand; roles decide, not Django's permission tables."""

    roles_that_see: ClassVar[Collection[str] | None] = None
    roles_that_act: ClassVar[Collection[str]] = ()
    list_per_page = 50
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Shown to those who may see it."""
        return has_role(request.user, self.roles_that_see)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Seen by its roles."""
        return has_role(request.user, self.roles_that_see)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Added to by the roles that act."""
        return has_role(request.user, self.roles_that_act)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Changed by the roles that act."""
        return has_role(request.user, self.roles_that_act)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Deleted by the roles that act."""
        return has_role(request.user, self.roles_that_act)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """In the shop's zone, as every page."""
        return _in_shop_time(super().changelist_view, request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """In the shop's zone, as every page."""
        return _in_shop_time(super().changeform_view, request, object_id, form_url, extra_context)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:
        """Into our audit trail, the only one."""
        self._audit("create", request, obj)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:
        """Into our audit trail, with the names of the fields."""
        fields = [name for part in message for name in part.get("changed", {}).get("fields", ())]
        self._audit("change", request, obj, {"fields": fields})

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Into our audit trail."""
        for obj in queryset:
            self._audit("delete", request, obj)

    def _audit(
        self, verb: str, request: HttpRequest, obj: Model, after: dict[str, Any] | None = None
    ) -> None:
        record = import_string("users.services.audit.record")
        record(f"{self.opts.model_name}.{verb}", by=request.user, target=obj, after=after)


def _in_shop_time(view: Callable[..., HttpResponse], *args: Any) -> HttpResponse:
    """The answer of a view, drawn while the shop's zone is in force."""
    with timezone.override(words.shop_zone()):
        response = view(*args)
        return response.render() if isinstance(response, SimpleTemplateResponse) else response


def keep_only_ours() -> None:
    """Take other packages' models out of the admin: operators never work with those rows."""
    models: list[type[Model]] = list(admin.site._registry)
    for model in models:
        if not isinstance(admin.site._registry[model], OperatorModelAdmin):
            admin.site.unregister(model)
