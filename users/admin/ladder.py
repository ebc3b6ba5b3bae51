"""From visitor to core customer: each step with its people, in all and by acquisition channel."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.charts import Chart, Series
from config.kit.parts import Cell, Choice, Column, Crumb, Empty, Filter, Stat, Table
from users.dimensions import Dimension, dimension, dimensions
from users.groups import Group, Parameters, group, group_url, selected
from users.reports.ladder import CONDITIONS, FROM, Ladder, Rung, Step, ladder

TITLES = {
    Step.VISITOR: gettext_lazy("Everybody seen"),
    Step.IDENTIFIED: gettext_lazy("Identified"),
    Step.REGISTERED: gettext_lazy("Registered"),
    Step.PAYING: gettext_lazy("Paying"),
    Step.CORE: gettext_lazy("Core"),
}
NOTES = {
    Step.VISITOR: gettext_lazy("visitors without a name included"),
    Step.IDENTIFIED: gettext_lazy("have a user ID or a contact"),
    Step.REGISTERED: gettext_lazy("have signed up"),
    Step.PAYING: gettext_lazy("have an order that counts"),
    Step.CORE: gettext_lazy("bring 80 % of the revenue of 365 days"),
}
DEFAULT = "channel"
SHOWN = 50


@group("ladder")
def on_step(asked: Parameters, now: datetime) -> Group:
    """Everybody on a step, perhaps with one value of a dimension (``value`` left out: not known)."""
    step = Step(asked["step"])
    if "by" not in asked:
        return Group(TITLES[step], selected(f"SELECT customer.id {FROM} AND {CONDITIONS[step]}"))
    by = dimension(asked["by"])
    if by is None:
        raise KeyError("by")
    value = asked.get("value")
    return Group(
        _("%(step)s, %(dimension)s: %(value)s")
        % {"step": TITLES[step], "dimension": by.title, "value": by.label(value)},
        selected(
            f"SELECT customer.id {FROM} AND {CONDITIONS[step]} AND {by.expression} IS NOT DISTINCT FROM %s",
            (*by.parameters, value),
        ),
    )


class LadderPage(OperatorPage):
    """Visitors, registered, paying, core."""

    title = gettext_lazy("From visitor to core")
    purpose = gettext_lazy("How many are known, registered, paying and core, and which channel brings which.")
    template_name = "users/ladder.html"

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the reports."""
        return [Crumb(_("Reports"), reverse("users:reports"))]

    @cached_property
    def by(self) -> Dimension:
        """The dimension that splits the table."""
        return dimension(self.request.GET.get("by", "")) or dimensions[DEFAULT]

    @cached_property
    def found(self) -> Ladder:
        """The steps."""
        return ladder(self.by, self.now)

    def get_as_of(self) -> datetime:
        """When they were counted."""
        return self.found.as_of

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The steps as figures and a chart, and by the dimension as a table."""
        rungs = self.found.rungs
        total = {step: sum(rung.counts[step] for rung in rungs) for step in Step}
        return super().get_context_data(**kwargs) | {
            "stats": [_stat(step, total) for step in Step],
            "chart": _chart(total),
            "table": _table(rungs, self.by),
            "filters": [_filter(self.request.GET.get("by", ""))],
        }


def _stat(step: Step, total: dict[Step, int]) -> Stat:
    share = words.percent(total[step] / total[Step.VISITOR]) if total[Step.VISITOR] else "–"
    note = _("%(share)s of everybody, %(what)s") % {"share": share, "what": NOTES[step]}
    return Stat(TITLES[step], total[step], url=group_url("ladder", step=step), note=note)


def _chart(total: dict[Step, int]) -> Chart:
    return Chart(
        "ladder",
        _("Customers on each step"),
        [TITLES[step] for step in Step],
        [Series(_("Customers"), [total[step] for step in Step])],
        kind="bar",
        horizontal=True,
        category_title=_("Step"),
        summary=_("Of %(n)s seen, %(paying)s pay and %(core)s are core.")
        % {
            "n": words.number(total[Step.VISITOR]),
            "paying": words.number(total[Step.PAYING]),
            "core": words.number(total[Step.CORE]),
        },
    )


def _table(rungs: Sequence[Rung], by: Dimension) -> Table:
    name = by.namer()
    return Table(
        columns=[Column(by.title), *(Column(TITLES[step], "number", hint=NOTES[step]) for step in Step)],
        rows=[
            [
                name(rung.value),
                *(Cell(rung.counts[step], url=_url(step, by, rung.value)) for step in Step),
            ]
            for rung in rungs[:SHOWN]
        ]
        + _rest(rungs[SHOWN:]),
        empty=Empty(_("Nobody yet"), _("The first visit or import fills this page.")),
        caption=_("By %(dimension)s") % {"dimension": by.title},
    )


def _rest(rungs: Sequence[Rung]) -> list[list[Any]]:
    """One row for the many small values, so that the columns add up to everybody."""
    if not rungs:
        return []
    title = _("%(n)s further values") % {"n": words.number(len(rungs))}
    return [[title, *(sum(rung.counts[step] for rung in rungs) for step in Step)]]


def _url(step: Step, by: Dimension, value: str | None) -> str:
    known = {} if value is None else {"value": value}
    return group_url("ladder", step=step, by=by.name, **known)


def _filter(chosen: str) -> Filter:
    choices = [Choice(one.name, one.title) for one in dimensions]
    return Filter("by", _("Split by"), choices, chosen if dimension(chosen) else "")
