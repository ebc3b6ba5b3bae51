"""Generic lists of small tables that operators edit by hand."""

from datetime import datetime

from django.contrib import admin
from django.utils.translation import gettext_lazy

from config.kit.model_admin import OperatorModelAdmin
from users.models import EventType, Role, Topic
from users.sentences import event_title


@admin.register(Topic)
class TopicAdmin(OperatorModelAdmin):
    """What a customer may agree to or refuse."""

    roles_that_act = (Role.OPERATOR,)
    list_display = ("name", "name_zh", "slug", "is_service", "double_opt_in")
    fields = ("name", "slug", "name_zh", "is_service", "double_opt_in")
    prepopulated_fields = {"slug": ("name",)}


@admin.register(EventType)
class EventTypeAdmin(OperatorModelAdmin):
    """Which events count as activity; types come with the traffic."""

    list_display = ("title", "name", "is_activity", "is_internal", "first_seen")
    search_fields = ("name",)
    readonly_fields = ("name", "is_activity", "is_internal", "first_seen_at")

    @admin.display(description=gettext_lazy("Event"))
    def title(self, kind: EventType) -> str:
        """What it is called."""
        return event_title(kind.name)

    @admin.display(description=gettext_lazy("First seen"), ordering="first_seen_at")
    def first_seen(self, kind: EventType) -> datetime:
        """When the first event of the kind came."""
        return kind.first_seen_at

    def has_add_permission(self, request: object) -> bool:
        """Types come with the traffic."""
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        """Events refer to them."""
        return False
