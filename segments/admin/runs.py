"""How segments are kept right: the drift that audits found, what is being computed, and the runs one by one."""

from collections.abc import Sequence
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.charts import Chart, Series
from config.kit.locks import WORKS
from config.kit.paging import page
from config.kit.parts import Cell, Choice, Column, Crumb, Empty, Filter, Stat, Table
from segments.freshness import of_error
from segments.models import Run, RunKind, SegmentRun
from segments.reports.runs import checked_in, drift_by_day, drifts, told_afterwards, under_way
from segments.services.alarms import in_trouble

DAYS = 30


class RunsPage(OperatorPage):
    """All segments: the proof by audit, what is under way, and the last runs."""

    title = gettext_lazy("Runs and audits")
    purpose = gettext_lazy(
        "Every segment is computed from scratch once a day and compared with what was kept: 0 differences are promised."
    )
    template_name = "segments/runs.html"

    def get_crumbs(self) -> Sequence[Crumb]:
        return [Crumb(_("Segments"), reverse("segments:list"))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "stats": self._stats(),
            "chart": self._chart(),
            "drifts": self._drifts(),
            "under_way": self._under_way(),
            "filters": [self._kind_filter()],
            "table": self._runs(),
        }

    @cached_property
    def _days(self) -> list[Any]:
        return drift_by_day(self.now, DAYS)

    def _stats(self) -> list[Stat]:
        window = _("last %(n)s days") % {"n": DAYS}
        differed = sum(day.differed for day in self._days)
        return [
            Stat(_("Audits"), sum(day.audited for day in self._days), window=window),
            Stat(
                _("Memberships that differed"),
                differed,
                window=window,
                note=_("0 is the promise"),
                more_is="bad",
            ),
            Stat(_("Segments with an alarm"), len(in_trouble(self.now)), more_is="bad"),
        ]

    def _chart(self) -> Chart:
        return Chart(
            "drift",
            _("Memberships that an audit found to differ"),
            [words.day(day.day, "short") for day in self._days],
            [
                Series(_("Differed"), [day.differed for day in self._days]),
                Series(_("Segments audited"), [day.audited for day in self._days], kind="line"),
            ],
            kind="bar",
            category_title=_("Day"),
            unfinished=1,
            summary=_("0 is the promise; what differs is corrected at once, and listed below"),
        )

    def _drifts(self) -> Table:
        return Table(
            columns=[
                Column(_("When"), "time"),
                Column(_("Segment")),
                Column(_("Were missing"), "number"),
                Column(_("Were too many"), "number"),
                Column(_("Some of them")),
            ],
            rows=[
                [
                    drift.of.run.now,
                    Cell(drift.of.segment.title, url=reverse("segments:segment", args=[drift.of.segment_id])),
                    drift.of.entered,
                    drift.of.left,
                    ", ".join(str(customer) for customer in drift.customers),
                ]
                for drift in drifts(self.now, DAYS)
            ],
            empty=Empty(
                _("No audit found a difference"),
                _("If one does, the segment, how many, and some of the customers are listed here."),
                icon="verified",
            ),
        )

    def _under_way(self) -> Table | None:
        found = under_way(WORKS)
        if not found:
            return None
        return Table(
            columns=[
                Column(_("Being computed")),
                Column(_("For (seconds)"), "number"),
                Column(_("Took the last time (seconds)"), "number"),
            ],
            rows=[
                [
                    Cell(one.segment.title, url=reverse("segments:segment", args=[one.segment.pk])),
                    one.seconds,
                    one.last_seconds,
                ]
                for one in found
            ],
            empty=Empty(_("Nothing is being computed")),
        )

    def _kind_filter(self) -> Filter:
        return Filter("kind", _("Run"), [Choice(kind.value, kind.label) for kind in RunKind], self._kind())

    def _kind(self) -> str:
        wanted = self.request.GET.get("kind", "")
        return wanted if wanted in RunKind.values else ""

    def _runs(self) -> Table:
        runs = Run.objects.filter(kind=self._kind()) if self._kind() else Run.objects.all()
        found = page(runs, ("-pk",), self.request.GET.get("cursor", ""))
        checked, told = checked_in(found.rows), told_afterwards(found.rows)
        kinds = dict(RunKind.choices)
        return Table(
            columns=[
                Column(_("As of")),
                Column(_("Run")),
                Column(_("Customers touched"), "number"),
                Column(_("Answers looked at"), "number"),
                Column(_("Came"), "number"),
                Column(_("Left"), "number"),
                Column(_("Milliseconds"), "number"),
            ],
            rows=[
                [
                    words.to_the_second(run.now),
                    Cell(
                        _("Told afterwards") if run.pk in told else kinds[run.kind],
                        url=reverse("segments:run", args=[run.pk]),
                    ),
                    run.touched,
                    checked.get(run.pk, 0),
                    run.entered,
                    run.left,
                    run.milliseconds,
                ]
                for run in found.rows
            ],
            empty=Empty(_("No run yet"), _("The first follows within seconds of the first segment.")),
            next=found.next,
            previous=found.previous,
        )


class RunPage(OperatorPage):
    """One run, segment by segment."""

    title = gettext_lazy("Run")
    template_name = "operator/list.html"

    @cached_property
    def run(self) -> Run:
        """The run of the address."""
        return get_object_or_404(Run, pk=self.kwargs["run_id"])

    def get_title(self) -> StrOrPromise:
        kind = dict(RunKind.choices)[self.run.kind]
        return _("%(kind)s, %(time)s") % {"kind": kind, "time": words.to_the_second(self.run.now)}

    def get_as_of(self) -> Any:
        return self.run.now

    def get_crumbs(self) -> Sequence[Crumb]:
        return [
            Crumb(_("Segments"), reverse("segments:list")),
            Crumb(_("Runs and audits"), reverse("segments:runs")),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = SegmentRun.objects.filter(run=self.run).select_related("segment")
        found = page(rows, ("-milliseconds", "-pk"), self.request.GET.get("cursor", ""))
        return super().get_context_data(**kwargs) | {
            "table": Table(
                columns=[
                    Column(_("Segment")),
                    Column(_("Rule version"), "number"),
                    Column(_("Looked at"), "number"),
                    Column(_("Came"), "number"),
                    Column(_("Left"), "number"),
                    Column(_("Customers"), "number"),
                    Column(_("Milliseconds"), "number"),
                    Column(_("Problem")),
                ],
                rows=[self._row(row) for row in found.rows],
                empty=Empty(
                    _("It looked at nobody"),
                    _(
                        "Nothing had happened that a rule asks about; or the rows were thinned out after a day."
                    ),
                ),
                next=found.next,
                previous=found.previous,
            )
        }

    def _row(self, row: SegmentRun) -> list[Any]:
        return [
            Cell(row.segment.title, url=reverse("segments:segment", args=[row.segment_id])),
            row.rule_version,
            row.checked,
            row.entered,
            row.left,
            row.size,
            row.milliseconds,
            Cell(" ".join(of_error(row.error)) if row.error else "", hint=row.error),
        ]
