"""Stages over time: how many are in each, who goes where, how long they stay, who comes back by themselves."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.charts import Chart, Series
from config.kit.parts import Cell, Choice, Column, Crumb, Empty, Filter, Stat, Table
from config.kit.refusal import Refusal
from config.kit.sankey import Flow, Node, Sankey
from users.groups import group_url
from users.groups.stages import span_url
from users.models import Stage
from users.reports import flows, rollups
from users.reports.figures import today_in_shop
from users.reports.flows import DayOfStages, Returns
from users.reports.patience import with_patience
from users.reports.periods import Period, period_filters, read_period

COLORS = {
    "": "#c9d1d6",
    Stage.PROSPECT: "#9aa7ae",
    Stage.NEW: "#4a8fd6",
    Stage.ACTIVE: "#3aa565",
    Stage.RETURNING: "#9467cf",
    Stage.DORMANT: "#e3a63a",
    Stage.CHURNED: "#c8614a",
}
LIVING = (Stage.NEW, Stage.ACTIVE, Stage.RETURNING, Stage.DORMANT, Stage.CHURNED)  # a chart holds five
DAILY_UP_TO = 92  # days; a longer period is shown by week unless days are asked for
QUARTILES = (0.25, 0.5, 0.75)


class FlowsPage(OperatorPage):
    """Stages over time."""

    title = gettext_lazy("Stages over time")
    purpose = gettext_lazy("How many customers are in each stage, how they move, how long they stay.")
    template_name = "users/flows.html"
    partials = {"moving": "users/flows_part.html"}

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the reports."""
        return [Crumb(gettext_lazy("Reports"), reverse("users:reports"))]

    def get_as_of(self) -> Any:
        """When the roll-up was counted."""
        return rollups.computed_at()

    @cached_property
    def period(self) -> Period:
        """The days asked for."""
        return read_period(self.request.GET, self.now, default=90)

    @property
    def every(self) -> str:
        """By day or by week."""
        asked = self.request.GET.get("every", "")
        return asked if asked in ("day", "week") else "day" if self.period.days <= DAILY_UP_TO else "week"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The counts at once; flows, stays and returns when htmx asks for them."""
        context = super().get_context_data(**kwargs) | {"period": self.period}
        if not self.is_part:
            return context | self._counts()
        try:
            with with_patience():
                return context | self._moving()
        except Refusal as refusal:
            return context | {"refused": refusal.message}

    def _counts(self) -> dict[str, Any]:
        days = flows.days_shown(self.period, today_in_shop(self.now), self.every)
        shown = flows.stage_counts([self.period.first - timedelta(days=1), *days])
        return {
            "filters": [*period_filters(self.request.GET), self._every_filter()],
            "stats": [_stat(stage, shown[0], shown[-1]) for stage in Stage] if days else [],
            "chart": _chart(shown[1:], unfinished=int(self.period.last >= today_in_shop(self.now))),
            "is_counted": rollups.computed_at() is not None,
            "part_url": self.request.get_full_path(),
        }

    def _moving(self) -> dict[str, Any]:
        transitions = flows.transitions(self.period, self.now)
        return {
            "as_of": transitions.as_of,
            "sankey": _sankey(transitions.customers, self.period),
            "moves": _moves(flows.moves(self.period), self.period),
            "dwell": _dwell(self.period, self.now),
            "returns": [
                (stage, _returns(flows.returns(self.period, self.now, stage), self.period, stage))
                for stage in (Stage.DORMANT, Stage.CHURNED)
            ],
        }

    def _every_filter(self) -> Filter:
        asked = self.request.GET.get("every", "")
        choices = [Choice("day", _("by day")), Choice("week", _("by week"))]
        return Filter("every", _("Shown"), choices, asked if asked in ("day", "week") else "")


def _stat(stage: Stage, before: DayOfStages, last: DayOfStages) -> Stat:
    return Stat(
        stage.label,
        last.customers[stage],
        before=before.customers[stage],
        before_window=_("at the end of %(day)s") % {"day": words.day(before.day)},
        url=group_url("stage_on", stage=stage.value, day=last.day),
        more_is="bad" if stage in (Stage.DORMANT, Stage.CHURNED) else "good",
        stage=stage.value,
    )


def _chart(shown: Sequence[DayOfStages], *, unfinished: int) -> Chart:
    return Chart(
        "stages",
        _("Customers in each stage"),
        [words.day(one.day, "short") for one in shown],
        [
            Series(
                stage.label,
                [one.customers[stage] for one in shown],
                color=COLORS[stage],
                urls=[group_url("stage_on", stage=stage.value, day=one.day) for one in shown],
            )
            for stage in LIVING
        ],
        category_title=_("At the end of"),
        summary=_(
            "identified customers at the end of each day, shop time; prospects are in the figures above"
        ),
        unfinished=unfinished,
        height=320,
    )


def _sankey(found: dict[tuple[str, str], int], period: Period) -> Sankey:
    order = ["", *Stage.values]
    titles = {"": _("Not known yet"), **{stage.value: str(stage.label) for stage in Stage}}
    nodes = [
        Node(f"{side}:{stage}", titles[stage], COLORS[Stage(stage)] if stage else COLORS[""], side)
        for side in (0, 1)
        for stage in order
    ]
    return Sankey(
        "flows",
        _("From the beginning of the period to its end"),
        nodes,
        [
            Flow(f"0:{start}", f"1:{finish}", n, span_url("stage_flow", period, start=start, finish=finish))
            for (start, finish), n in sorted(
                found.items(), key=lambda f: (order.index(f[0][0]), order.index(f[0][1]))
            )
        ],
        source_title=_("When it began"),
        target_title=_("When it ended"),
        value_title=_("Customers"),
        summary=_(
            "identified customers, each once: left the stage when the period began, right when it ended"
        ),
    )


def _moves(found: dict[tuple[str, str], int], period: Period) -> Table:
    return Table(
        columns=[Column(_("From"), "stage"), Column(_("To"), "stage"), Column(_("Moves"), "number")],
        rows=[
            [start, finish, Cell(n, url=span_url("stage_moved", period, start=start, finish=finish))]
            for (start, finish), n in sorted(found.items(), key=lambda flow: -flow[1])
        ],
        empty=Empty(_("Nobody moved in this period"), _("Choose a longer period.")),
        caption=_("All moves of the period"),
    )


def _dwell(period: Period, now: Any) -> Table:
    rows = []
    for stage, lasting in flows.dwell(period, now).items():
        if lasting.n:
            count = Cell(lasting.n, url=span_url("stage_moved", period, finish=stage.value))
            quartiles = [_days(lasting.quantile(part)) for part in QUARTILES]
            rows.append([stage.value, count, lasting.unfinished, *quartiles])
    return Table(
        columns=[
            Column(_("Stage"), "stage"),
            Column(_("Stays begun"), "number", hint=_("Opens the customers who came into the stage")),
            Column(_("still going on"), "number"),
            Column(_("A quarter left within")),
            Column(_("Half left within")),
            Column(_("Three quarters left within")),
        ],
        rows=rows,
        empty=Empty(_("Nobody came into a stage in this period"), _("Choose a longer period.")),
        caption=_("How long customers stay"),
    )


def _days(days: int | None) -> str:
    return _("not reached yet") if days is None else _("%(n)d days") % {"n": days}


def _returns(found: Returns, period: Period, stage: Stage) -> dict[str, Any]:
    rows = [
        [
            _("%(n)d days") % {"n": one.days},
            one.of,
            Cell(one.back, url=span_url("stage_returned", period, stage=stage.value, days=one.days)),
            one.back / one.of if one.of else None,
            one.unwritten,
        ]
        for one in found.within
    ]
    return {
        "customers": found.customers,
        "written_to": found.written_to,
        "url": span_url("stage_moved", period, finish=stage.value),
        "table": Table(
            columns=[
                Column(_("Within")),
                Column(_("Followed so long"), "number"),
                Column(_("Came back"), "number"),
                Column(_("Share"), "percent"),
                Column(_("Left alone"), "percent", hint=_("Watched up to the first message only")),
            ],
            rows=rows if found.customers else [],
            empty=Empty(
                _("Nobody became “%(stage)s” in this period") % {"stage": stage.label},
                _("Choose a longer period, or one further back."),
            ),
            caption=_("Came back by themselves: %(stage)s") % {"stage": stage.label},
        ),
    }
