"""Asking for an export, and fetching it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import FileResponse, Http404, HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.admin import FormPage, OperatorPage
from config.kit.parts import Crumb
from users.admin.transfers import LIST, WHO_SEES, TransferList
from users.groups import Group, read_group
from users.models import Export
from users.services.exports import acts, files
from users.services.exports.kinds import ExportKind, export_kinds


class ExportForm(forms.Form):
    """Columns and form."""

    columns = forms.MultipleChoiceField(label=gettext_lazy("Columns"), widget=forms.CheckboxSelectMultiple)
    form = forms.ChoiceField(
        label=gettext_lazy("As"),
        choices=[("csv", gettext_lazy("CSV (any length)")), ("xlsx", gettext_lazy("Excel"))],
        widget=forms.RadioSelect,
        initial="csv",
    )

    def __init__(self, *args: Any, kind: ExportKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["columns"]
        field.choices = [(column.name, column.title) for column in kind.columns]  # type: ignore[attr-defined]  # a ChoiceField
        field.initial = [column.name for column in kind.columns if column.is_usual]


class NewExport(FormPage):
    """A file of everybody, or of the group of the address."""

    title = gettext_lazy("Export")
    purpose = gettext_lazy(
        "The file is made in the background, waits a day, and only you and an owner can fetch it."
    )
    template_name = "users/export.html"
    form_class = ExportForm
    submit = gettext_lazy("Make the file")
    done = gettext_lazy("The file is being made. It appears below when it is ready.")
    roles_that_see = roles_that_act = WHO_SEES

    @cached_property
    def kind(self) -> ExportKind:
        """What the address asks for."""
        return export_kinds.get(self.request.GET.get("kind", "")) or export_kinds["customers"]

    @cached_property
    def group(self) -> Group | None:
        """The group of the address. Raises Refusal."""
        spec = self.request.GET.get("group", "")
        return read_group(spec, self.now) if spec else None

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the list."""
        return [Crumb(TransferList.title, reverse(LIST))]

    def get_form_kwargs(self) -> dict[str, Any]:
        """The columns of the kind."""
        return super().get_form_kwargs() | {"kind": self.kind}

    def get_consequence(self, form: Any) -> StrOrPromise:
        """Whom it holds."""
        return self.group.sentence if self.group else gettext_lazy("All identified customers of the shop.")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The kinds beside each other."""
        query = self.request.GET.copy()
        kinds = []
        for kind in export_kinds:
            query["kind"] = kind.name
            kinds.append((kind.title, kind.about, f"?{query.urlencode()}", kind.name == self.kind.name))
        return super().get_context_data(**kwargs) | {"kinds": kinds}

    def act(self, form: Any) -> str:
        """Ask for it."""
        acts.ask(
            self.kind.name,
            columns=form.cleaned_data["columns"],
            form=form.cleaned_data["form"],
            group=self.request.GET.get("group", ""),
            by=self.operator,
            now=self.now,
        )
        return reverse(LIST)


class ExportFile(OperatorPage):
    """The file itself."""

    title = gettext_lazy("Export")
    roles_that_see = WHO_SEES

    def get_file(self) -> HttpResponseBase:
        """Stream it."""
        export = Export.objects.filter(pk=self.kwargs["export_id"]).first()
        if export is None:
            raise Http404
        path = acts.fetch(export, by=self.operator, now=self.now)
        name = f"{export.kind}-{export.created_at:%Y-%m-%d}.{export.form}"
        response = FileResponse(
            path.open("rb"), as_attachment=True, filename=name, content_type=files.FORMS[export.form]
        )
        response["Cache-Control"] = "private, no-store"
        response["X-Content-Type-Options"] = "nosniff"
        return response
