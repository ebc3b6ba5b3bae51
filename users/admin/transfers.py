"""Import and export: the list of both."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from config.kit.admin import OperatorPage
from config.kit.parts import Action, Cell, Column, Empty, Table
from users.admin.import_words import state_of
from users.models import Export, Fate, Import, LongJob, Role
from users.powers import EXPORT
from users.services import long_jobs
from users.services.exports.acts import may_fetch
from users.services.imports.kinds import import_kinds

WHO_SEES = EXPORT.roles
WHO_ACTS = (Role.OPERATOR,)
LIST = "users:imports"
SHOWN = 50


class TransferList(OperatorPage):
    """What came in and went out."""

    title = gettext_lazy("Import & export")
    purpose = gettext_lazy("Files that came in, with what became of every row, and files that went out.")
    template_name = "users/imports.html"
    roles_that_see = WHO_SEES
    roles_that_act = WHO_SEES
    partials = {"transfers": "users/imports_part.html"}

    def get_actions(self) -> Sequence[Action]:
        """Both ways."""
        actions = [Action(_("Export"), reverse("users:export_create"), icon="download")]
        if self.operator.role in (Role.OPERATOR, Role.OWNER):
            actions.append(Action(_("Import"), reverse("users:import_create"), icon="upload"))
        return actions

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The latest of each."""
        imports = list(Import.objects.select_related("by", "job").order_by("-pk")[:SHOWN])
        exports = list(Export.objects.select_related("by", "job").order_by("-pk")[:SHOWN])
        return super().get_context_data(**kwargs) | {
            "imports": _imports(imports),
            "exports": self._exports(exports),
            "is_working": any(one.job and one.job.state in long_jobs.OPEN for one in (*imports, *exports)),
        }

    def _exports(self, exports: Sequence[Export]) -> Table:
        return Table(
            columns=[
                Column(_("What")), Column(_("Asked for by")), Column(_("When"), "time"), Column(_("Rows"), "number"),
                Column(_("State"), "tag"), Column(_("Gone"), "time"), Column(""),
            ],
            rows=[self._export(export) for export in exports],
            empty=Empty(
                _("Nothing was exported yet"),
                _("An export waits here for a day, for whoever asked for it."),
                Action(_("Export"), reverse("users:export_create")),
                icon="download",
            ),
            caption=_("Exports"),
        )  # fmt: skip

    def _export(self, export: Export) -> list[Any]:
        is_there = export.expires_at is not None and export.expires_at > self.now and export.size >= 0
        fetch = (
            reverse("users:export_file", args=[export.pk])
            if is_there and may_fetch(export, self.operator)
            else ""
        )
        state = Cell(pgettext("export", "Ready"), tone="good") if is_there else _export_state(export)
        return [
            export.in_words, str(export.by or ""), export.created_at, export.rows if export.ready_at else None, state,
            export.expires_at if is_there else None, Cell(_("Download") if fetch else "", url=fetch),
        ]  # fmt: skip


def _export_state(export: Export) -> Cell:
    if export.ready_at is not None or export.size < 0:
        return Cell(_("Expired"), tone="muted")
    if export.job is not None and export.job.state in (LongJob.State.FAILED, LongJob.State.CANCELLED):
        return Cell(export.job.get_state_display(), tone="bad", hint=export.job.error[:300])
    return Cell(_("Being made"), tone="info")


def _imports(imports: Sequence[Import]) -> Table:
    return Table(
        columns=[
            Column(_("File")), Column(_("Holds")), Column(_("Uploaded"), "time"), Column(_("By")),
            Column(_("Rows"), "number"), Column(_("State"), "tag"), Column(Fate.NEW.label, "number"),
            Column(_("Changes"), "number"), Column(_("Refused"), "number"),
        ],
        rows=[_import(file) for file in imports],
        empty=Empty(
            _("Nothing was imported yet"),
            _("Bring customers, orders, costs, tags and consents along from where they are now: as CSV or Excel."),
            Action(_("Import"), reverse("users:import_create")),
            icon="upload",
        ),
        caption=_("Imports"),
    )  # fmt: skip


def _import(file: Import) -> list[Any]:
    state, tone = state_of(file)
    step = "users:import_columns" if file.state == Import.State.UPLOADED else "users:import"
    return [
        Cell(file.file_name, url=reverse(step, args=[file.pk])), import_kinds[file.kind].title, file.told_at,
        str(file.by or ""), file.rows, Cell(state, tone=tone), file.counts.get(Fate.NEW, 0),
        file.counts.get(Fate.CHANGES, 0), file.counts.get(Fate.REFUSED, 0),
    ]  # fmt: skip
