"""Retained users: the formula with its parts per channel, and the direct count beside it."""

from datetime import datetime
from typing import Any

from django.http import HttpResponseBase
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from config.kit import words
from config.kit.parts import Cell, Column, Empty, Stat, Table
from config.kit.sheets import csv_response
from users.admin.cohort_pages import CohortPage, day_asks
from users.groups import group_url
from users.reports import cohorts, retained
from users.reports.cohorts import OTHER, Grain, Start, Whom
from users.reports.periods import period_filters
from users.reports.retained import DAYS, Part, Retained

IN_FORMULA = 12


class RetainedPage(CohortPage):
    """Which channel brings people who stay."""

    title = gettext_lazy("Retained users")
    purpose = gettext_lazy(
        "Users of each channel × the share of them still active on day 30 or after, added up."
    )
    template_name = "users/retained.html"

    @cached_property
    def figures(self) -> Retained:
        """Parts and direct count."""
        start = self.asked.get("start", "")
        return retained.compute(
            Start(start if start in Start.values else Start.ACTIVITY),
            retained.read_span(self.asked, self.now),
            cohorts.read_whom(self.asked, default="channel"),
            self.now,
        )

    def get_as_of(self) -> datetime:
        """The instant the figures stand for."""
        return self.figures.as_of

    def get_file(self) -> HttpResponseBase | None:
        """The parts as CSV."""
        if "csv" not in self.request.GET:
            return None
        rows = (
            [self._title(part.value), part.users, part.retained, part.share] for part in self.figures.parts
        )
        return csv_response("retained-users", ["part", "users", "retained", "share"], rows)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Chips, the figure, the formula and its parts."""
        found = self.figures
        filters = [
            self.choice("start", _("Began with"), Start.choices, Start.ACTIVITY),
            *self.whom_filters(found.whom),
            *period_filters(self.asked),
        ]
        return super().get_context_data(**kwargs) | {
            "filters": filters,
            "ask_form": self.ask_form(_("Other days"), day_asks(found.period), drops=("period", "csv")),
            "stats": self._stats(),
            "formula": [
                (self._title(part.value), words.number(part.users), words.percent(part.share), part.retained)
                for part in found.parts[:IN_FORMULA]
            ],
            "rest": max(0, len(found.parts) - IN_FORMULA),
            "total": found.total,
            "direct": found.direct.retained,
            "ties": found.total == found.direct.retained,
            "table": self._table(),
        }

    def _stats(self) -> list[Stat]:
        found = self.figures
        young = found.direct.users - found.direct.old_enough
        return [
            Stat(
                _("Retained users"),
                found.direct.retained,
                window=_("active on day %(days)s or after, so far") % {"days": DAYS},
                url=self._url(found.whom, kept=True),
            ),
            Stat(_("Users who began"), found.direct.users, window=found.period.sentence, url=self._all_url()),
            Stat(
                _("Retention"),
                found.direct.share,
                "percent",
                of=found.direct.users,
                note=_("%(n)s have not had day %(days)s yet") % {"n": words.number(young), "days": DAYS}
                if young
                else "",
            ),
        ]

    def _table(self) -> Table:
        by = self.figures.whom.by
        parameters = self.request.GET.copy()
        parameters["csv"] = "1"
        return Table(
            columns=[
                Column(by.title if by else pgettext("of customers", "Group")),
                Column(_("Users"), "number"),
                Column(_("Day-30 retention"), "percent", hint=_("Active on day 30 or after, so far")),
                Column(_("Retained"), "number"),
                Column(_("Not retained"), "number"),
                Column(_("Share of all retained"), "percent"),
            ],
            rows=[self._row(part) for part in self.figures.parts],
            empty=Empty(
                _("Nobody began in this time"), _("Choose a longer period, or another start."), icon="anchor"
            ),
            caption=_("Retained users by part"),
            csv_url=f"?{parameters.urlencode()}",
        )

    def _row(self, part: Part) -> list[Any]:
        whom = self.figures.whom
        if whom.split:
            whom = whom.with_value(part.value)
        is_other = part.value == OTHER
        total = self.figures.total
        return [
            Cell(self._title(part.value)),
            Cell(part.users, url="" if is_other else self._all_url(whom)),
            Cell(part.share, hint=_("n = %(n)s") % {"n": words.number(part.users)}),
            Cell(part.retained, url="" if is_other else self._url(whom, kept=True)),
            Cell(part.users - part.retained, url="" if is_other else self._url(whom, kept=False)),
            Cell(part.retained / total if total else None, hint=_("n = %(n)s") % {"n": words.number(total)}),
        ]

    def _title(self, value: str | None) -> str:
        whom = self.figures.whom
        if whom.split is None:
            return whom.sentence or _("All customers")
        return _("other values") if value == OTHER else self._namer(value)

    @cached_property
    def _namer(self) -> Any:
        by = self.figures.whom.by
        return by.namer() if by else str

    def _span(self) -> dict[str, Any]:
        days = self.figures.period
        return {"start": self.figures.start.value, "from": days.first, "to": days.last}

    def _all_url(self, whom: Whom | None = None) -> str:
        return group_url("cohort", **self._span(), **(whom or self.figures.whom).parameters)

    def _url(self, whom: Whom, *, kept: bool) -> str:
        return group_url(
            "retention", **self._span(), unit=Grain.DAY.value, first=DAYS, kept=int(kept), **whom.parameters
        )
