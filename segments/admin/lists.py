"""The list of segments."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.kit.admin import OperatorPage
from config.kit.paging import page
from config.kit.parts import Action, Cell, Choice, Column, Empty, Filter, Table
from segments.admin.form import WHO_ACTS
from segments.freshness import Look, in_words
from segments.models import Segment, SegmentState
from segments.presets import install
from segments.reports.sizes import sizes_by_day
from segments.services.order import users_of

TREND_DAYS = 14


class SegmentList(OperatorPage):
    """All segments: how large, how that moved, how fresh, what uses them."""

    title = gettext_lazy("Segments")
    purpose = gettext_lazy("Groups of customers by rule. They keep themselves right within seconds.")
    template_name = "operator/list.html"
    roles_that_act = WHO_ACTS

    def get_actions(self) -> Sequence[Action]:
        return [
            Action(_("Overlap"), reverse("segments:overlap"), icon="join_inner"),
            Action(_("Backtests"), reverse("segments:backtests"), icon="update"),
            Action(_("Install ready segments"), self.request.path, icon="library_add", method="post"),
            Action(_("New segment"), reverse("segments:create"), icon="add"),
        ]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        made = install(by=self.operator)
        self.say(ngettext("%(n)d segment made.", "%(n)d segments made.", len(made)) % {"n": len(made)})
        return HttpResponseRedirect(request.path)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "filters": [self._state_filter()],
            "searchable": _("Name of a segment"),
            "query": self.request.GET.get("q", ""),
            "table": self._table(),
        }

    def _state_filter(self) -> Filter:
        choices = [Choice(state.value, state.label) for state in SegmentState]
        return Filter("state", _("State"), choices, self._state())

    def _state(self) -> str:
        wanted = self.request.GET.get("state", "")
        return wanted if wanted in SegmentState.values else ""

    def _table(self) -> Table:
        rows = Segment.objects.filter(name__icontains=self.request.GET.get("q", "").replace("\0", ""))
        if self._state():
            rows = rows.filter(state=self._state())
        found = page(rows, ("name",), self.request.GET.get("cursor", ""))
        everyone = list(Segment.objects.only("pk", "name", "rule"))
        trends = sizes_by_day([segment.pk for segment in found.rows], self.now, TREND_DAYS)
        return Table(
            columns=[
                Column(_("Segment")),
                Column(_("Customers"), "number"),
                Column(_("Last %(n)s days") % {"n": TREND_DAYS}, "trend"),
                Column(_("State"), "tag"),
                Column(_("As of"), "time"),
                Column(_("Used by segments")),
            ],
            rows=[
                self._row(segment, [size for _day, size in trends[segment.pk]], everyone)
                for segment in found.rows
            ],
            empty=self._empty(),
            next=found.next,
            previous=found.previous,
        )

    @cached_property
    def _look(self) -> Look:
        return Look(self.now)

    def _row(self, segment: Segment, trend: list[int | None], everyone: list[Segment]) -> list[Any]:
        condition = self._look.condition(segment)
        return [
            Cell(segment.name, url=reverse("segments:segment", args=[segment.pk]), hint=segment.description),
            segment.size if segment.computed_at else None,
            [size for size in trend if size is not None],
            Cell(in_words(condition.state), tone=condition.tone, hint=condition.sentence),
            segment.computed_at,
            ", ".join(other.name for other in users_of(segment.pk, everyone)),
        ]

    def _empty(self) -> Empty:
        return Empty(
            _("No segment here"),
            _("A segment groups customers by a rule, such as “dormant, spent over 100, may be mailed”."),
            Action(_("New segment"), reverse("segments:create"), icon="add"),
            icon="category",
        )
