"""Value by cohort: what customers have brought since their first order, by age in months."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpResponseBase
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from config.kit import words
from config.kit.charts import Chart, Series
from config.kit.heat import Heat, HeatCell, HeatRow
from config.kit.parts import Filter, Stat
from config.kit.sheets import csv_response
from users.admin.cohort_pages import CohortPage, day_asks
from users.groups import group_url
from users.reports import cohorts, ltv
from users.reports.cohorts import OTHER, Grain, Start, Whom
from users.reports.ltv import SPANS, Row, Value, Worth
from users.reports.periods import Period, period_filters
from users.shop import currency

CURVES = 4


class ValuePage(CohortPage):
    """Cohorts of first order down, months of age across, net revenue per customer in the cells."""

    title = gettext_lazy("Value by cohort")
    purpose = gettext_lazy("Net revenue per customer since the first order, cumulated by age in months.")
    template_name = "users/ltv.html"

    @cached_property
    def value(self) -> Value:
        """The figures."""
        return ltv.compute(ltv.read(self.asked, self.now), self.now)

    @cached_property
    def currency(self) -> str:
        """The shop's."""
        return currency.get()

    def get_as_of(self) -> datetime:
        """The instant the figures stand for."""
        return self.value.as_of

    def get_file(self) -> HttpResponseBase | None:
        """Net revenue by cohort and age, in minor units, as CSV."""
        if "csv" not in self.request.GET:
            return None
        asked = self.value.asked
        head = [
            "cohort",
            "customers",
            "net_to_date_minor",
            *(f"until month {n}" for n in range(asked.months + 1)),
        ]
        rows = (
            [asked.grain.begin(row.cohort), row.size, row.total, *(cell.net for cell in row.cells)]
            for row in self.value.rows
        )
        return csv_response("value-by-cohort", head, rows)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Chips, the check, the curve, the grids."""
        asked = self.value.asked
        return super().get_context_data(**kwargs) | {
            "filters": self._filters(),
            "ask_form": self.ask_form(_("Other days"), day_asks(asked.period), drops=("period", "csv")),
            "is_empty": not any(row.size for row in self.value.rows),
            "stats": self._stats(),
            "chart": self._chart(),
            "heat": self._heat(),
            "splits": self._splits() if asked.whom.split else None,
            "total": self.value.total,
            "standing": self.value.standing,
            "ties": self.value.total == self.value.standing,
        }

    def _filters(self) -> list[Filter]:
        months = [(str(n), _("%(n)s months") % {"n": n}) for n in SPANS]
        grains = [(grain.value, grain.label) for grain in ltv.GRAINS]
        return [
            self.choice("grain", _("Cohorts by"), grains, Grain.MONTH),
            self.choice("months", _("Followed for"), months, "12"),
            *self.whom_filters(self.value.asked.whom),
            *period_filters(self.asked),
        ]

    def _stats(self) -> list[Stat]:
        value = self.value
        size = sum(row.size for row in value.rows)
        days = cohorts.span(value.asked.cohorts, value.asked.grain)
        window = _("first order %(period)s") % {"period": days.sentence}
        return [
            Stat(_("Customers"), size, window=window, url=self._cohort_url(days, value.asked.whom)),
            Stat(
                _("Net revenue to date"),
                value.total,
                "money",
                currency=self.currency,
                note=_("restated by refunds at the order's date"),
            ),
            Stat(
                _("Per customer to date"),
                round(value.total / size) if size else None,
                "money",
                currency=self.currency,
                of=size,
            ),
        ]

    # -- the grids -----------------------------------------------------------------------------------
    def _heat(self) -> Heat:
        value = self.value
        whom = value.asked.whom
        rows = [
            HeatRow(_("Mean"), [self._cell(one, age, None) for age, one in enumerate(value.means)], ["", ""])
        ]
        for row in reversed(value.rows):
            grain = value.asked.grain
            days = Period(grain.begin(row.cohort), grain.end(row.cohort))
            cells = [self._cell(one, age, (days, whom)) for age, one in enumerate(row.cells)]
            url = self._cohort_url(days, whom) if row.size else ""
            rows.append(HeatRow(grain.name_of(row.cohort), cells, self._before(row), url))
        parameters = self.request.GET.copy()
        parameters["csv"] = "1"
        legend = _(
            "Net revenue per customer up to the end of the month; month 0 is the month of the first order."
            " A cell opens those who ordered in that month. Hatched: not over yet, left out of the mean."
        )
        return self._grid(
            _("Value by cohort"), _("First order in"), rows, legend, f"?{parameters.urlencode()}"
        )

    def _grid(
        self, caption: str, corner: str, rows: Sequence[HeatRow], legend: str, csv_url: str = ""
    ) -> Heat:
        columns = [_("Month %(n)s") % {"n": age} for age in range(self.value.asked.months + 1)]
        return Heat(caption, corner, columns, rows, [_("Customers"), _("To date")], legend, csv_url)

    def _before(self, row: Row) -> list[str]:
        each = round(row.total / row.size) if row.size else None
        return [words.number(row.size), words.money(each, self.currency)]

    def _cell(self, worth: Worth, age: int, behind: tuple[Period, Whom] | None) -> HeatCell:
        if worth.each is None:
            return HeatCell("")
        hint = _("%(net)s of %(size)s customers; %(buyers)s ordered in this month") % {
            "net": words.money(worth.net, self.currency),
            "size": words.number(worth.size),
            "buyers": words.number(worth.buyers),
        }
        share = max(0.0, worth.each / self._darkest) if self._darkest else 0.0
        url = self._buyers_url(*behind, age) if behind and worth.buyers else ""
        text = words.money(round(worth.each), self.currency)
        return HeatCell(text, share, url, hint, unfinished=not worth.is_over)

    @cached_property
    def _darkest(self) -> float:
        return max((cell.each or 0 for row in self.value.rows for cell in row.cells), default=0)

    def _splits(self) -> Heat:
        by = self.value.asked.whom.by
        assert by is not None
        rows = [self._split_row(row) for row in self.value.splits]
        caption = _("Value by %(dimension)s") % {"dimension": by.title}
        return self._grid(caption, str(by.title), rows, _("Means over the cohorts whose month is over."))

    def _split_row(self, row: Row) -> HeatRow:
        whom = self.value.asked.whom.with_value(row.value)
        parameters = self.request.GET.copy()
        for name, value in whom.parameters.items():
            parameters[name] = value
        url = "" if row.value == OTHER else f"?{parameters.urlencode()}"
        cells = [self._cell(one, age, None) for age, one in enumerate(row.cells)]
        return HeatRow(self._title(row.value), cells, self._before(row), url)

    def _title(self, value: str | None) -> str:
        return _("other values") if value == OTHER else self._namer(value)

    @cached_property
    def _namer(self) -> Any:
        by = self.value.asked.whom.by
        return by.namer() if by else str

    def _chart(self) -> Chart:
        value = self.value
        series = [Series(_("All cohorts"), _each(value.means))]
        if value.splits:
            largest = [row for row in value.splits if row.value != OTHER][:CURVES]
            series += [Series(self._title(row.value), _each(row.cells)) for row in largest]
        return Chart(
            "ltv",
            _("Net revenue per customer"),
            [_("Month %(n)s") % {"n": age} for age in range(value.asked.months + 1)],
            series,
            unit="money",
            currency=self.currency,
            category_title=pgettext("cohort", "Since the start"),
            summary=_("Cumulated; mean over the cohorts whose month is over."),
        )

    # -- what is behind ------------------------------------------------------------------------------
    def _cohort_url(self, days: Period, whom: Whom) -> str:
        chosen = {"from": days.first, "to": days.last}
        return group_url("cohort", start=Start.ORDER.value, **chosen, **whom.parameters)

    def _buyers_url(self, days: Period, whom: Whom, age: int) -> str:
        chosen = {"from": days.first, "to": days.last}
        return group_url("buyers", **chosen, age=age, **whom.parameters)


def _each(cells: Sequence[Worth]) -> list[int | None]:
    return [None if cell.each is None else round(cell.each) for cell in cells]
