"""The retention table: of those who began together, how many are still here."""

from datetime import datetime
from typing import Any

from django.http import HttpResponseBase
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from config.kit import words
from config.kit.charts import Chart, Series
from config.kit.heat import Heat, HeatCell, HeatRow
from config.kit.parts import Ask, Filter
from config.kit.sheets import csv_response
from users.admin.cohort_pages import CohortPage, day_asks
from users.groups import group_url
from users.reports import cohorts, retention
from users.reports.cohorts import OTHER, Grain, Start, Whom
from users.reports.periods import Period, period_filters
from users.reports.retention import Asked, Mean, Mode, Retention, Slot, Split, Stay

CURVES = 4
Link = tuple[Period, Whom]


class RetentionPage(CohortPage):
    """Cohorts down, ages across; every cell opens its customers."""

    title = gettext_lazy("Retention")
    purpose = gettext_lazy(
        "Of those who began together, how many came back: on a day, from a day on, in days a to b."
    )
    template_name = "users/retention.html"

    @cached_property
    def table(self) -> Retention:
        """The figures."""
        return retention.compute(retention.read(self.asked, self.now), self.now)

    def get_as_of(self) -> datetime:
        """The instant the figures stand for."""
        return self.table.as_of

    def get_file(self) -> HttpResponseBase | None:
        """The same grid as CSV."""
        return self._csv() if "csv" in self.request.GET else None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Chips, the curve, the grid and the grid by dimension."""
        asked = self.table.asked
        return super().get_context_data(**kwargs) | {
            "filters": self._filters(asked),
            "ask_form": self.ask_form(
                _("Other days or columns"),
                [*day_asks(asked.period), _ages_ask(asked, self.asked.get("ages", ""))],
                is_open=bool(asked.problem),
                drops=("period", "csv"),
            ),
            "problem": asked.problem,
            "is_empty": not any(row.size for row in self.table.rows),
            "heat": self._heat(),
            "splits": self._splits() if asked.whom.split else None,
            "chart": self._chart(),
        }

    def _filters(self, asked: Asked) -> list[Filter]:
        units = [(Grain.DAY.value, _("days of each customer"))]
        filters = [
            self.choice("mode", _("Counts as stayed"), Mode.choices, Mode.ON),
            self.choice("start", _("Began with"), Start.choices, Start.ACTIVITY),
            self.choice("grain", _("Cohorts by"), Grain.choices, Grain.WEEK),
        ]
        if asked.mode != Mode.BRACKET and asked.grain != Grain.DAY:
            filters.append(self.choice("unit", _("Columns in"), units, ""))
        lost = self.choice("show", _("Shows"), [("lost", _("who was lost"))], "")
        return [*filters, lost, *self.whom_filters(asked.whom), *period_filters(self.asked)]

    # -- the grid ------------------------------------------------------------------------------------
    def _heat(self) -> Heat:
        asked, table = self.table.asked, self.table
        rows = [self._mean_row(_("Mean"), table.means, asked.whom)]
        for row in reversed(table.rows):
            days = Period(asked.grain.begin(row.cohort), asked.grain.end(row.cohort))
            cells = [
                self._cell(stay, slot, (days, asked.whom))
                for stay, slot in zip(row.stays, asked.slots, strict=True)
            ]
            url = self._cohort_url(days, asked.whom) if row.size else ""
            rows.append(HeatRow(asked.grain.name_of(row.cohort), cells, [words.number(row.size)], url))
        parameters = self.request.GET.copy()
        parameters["csv"] = "1"
        return Heat(
            _("Retention by cohort"),
            _("Began in"),
            self._columns(),
            rows,
            [_("Customers")],
            self._legend(),
            f"?{parameters.urlencode()}",
        )

    def _mean_row(self, title: str, means: Any, whom: Whom, url: str = "", *, links: bool = True) -> HeatRow:
        """The pooled share of the cohorts whose time has passed, each cell with its own n."""
        cells = [
            self._mean_cell(mean, slot, whom, links=links)
            for mean, slot in zip(means, self.table.asked.slots, strict=True)
        ]
        return HeatRow(title, cells, [""], url)

    def _mean_cell(self, mean: Mean, slot: Slot, whom: Whom, *, links: bool) -> HeatCell:
        if not mean.cohorts:
            return HeatCell("–", hint=_("no cohort has come so far yet"))
        days = cohorts.span(range(mean.cohorts[0], mean.cohorts[-1] + 1), self.table.asked.grain)
        stay = Stay(mean.size, mean.kept, is_over=True)
        return self._cell(stay, slot, (days, whom) if links else None)

    def _cell(self, stay: Stay, slot: Slot, behind: Link | None) -> HeatCell:
        if stay.kept is None or stay.share is None:
            return HeatCell("" if stay.kept is None else "–", unfinished=False)
        lost = self.table.asked.shows_lost
        count = stay.size - stay.kept if lost else stay.kept
        share = count / stay.size
        hint = _("%(count)s of %(size)s") % {
            "count": words.number(count),
            "size": words.number(stay.size),
        }
        url = self._slot_url(*behind, slot, kept=not lost) if behind else ""
        shade = share / self._darkest if self._darkest else 0
        return HeatCell(words.percent(share), shade, url, hint, unfinished=not stay.is_over)

    @cached_property
    def _darkest(self) -> float:
        """The largest share of the grid, which is shaded darkest."""
        lost = self.table.asked.shows_lost
        shares = [stay.share for row in self.table.rows for stay in row.stays if stay.share is not None]
        return max((1 - share if lost else share for share in shares), default=0)

    def _columns(self) -> list[str]:
        sentence = {Grain.DAY: _("Day %(n)s"), Grain.WEEK: _("Week %(n)s"), Grain.MONTH: _("Month %(n)s")}
        return [sentence[self.table.asked.unit] % {"n": slot.text} for slot in self.table.asked.slots]

    def _legend(self) -> str:
        asked = self.table.asked
        parts = [
            _("Calendar periods of the shop's zone; the one of the start is 0."),
            _(
                "Hatched: not over yet, left out of the mean. The mean is weighted by the size of the cohorts."
            ),
        ]
        if asked.mode == Mode.AFTER:
            parts.append(_("“Or after” says what is known so far; who comes back later is added."))
        if len(asked.cohorts) == retention.MOST_COHORTS:
            parts.append(_("Only the newest %(n)s cohorts are shown.") % {"n": retention.MOST_COHORTS})
        return " ".join(parts)

    # -- by dimension --------------------------------------------------------------------------------
    def _splits(self) -> Heat:
        by = self.table.asked.whom.by
        assert by is not None
        namer = by.namer()
        rows = [self._split_row(split, _title(namer, split.value)) for split in self.table.splits]
        return Heat(
            _("Retention by %(dimension)s") % {"dimension": by.title},
            by.title,
            self._columns(),
            rows,
            [_("Customers")],
            _("Means over the cohorts whose time has passed. A name shows its own table."),
        )

    def _split_row(self, split: Split, title: str) -> HeatRow:
        asked = self.table.asked
        whom = asked.whom.with_value(split.value)
        is_other = split.value == OTHER
        parameters = self.request.GET.copy()
        for name, value in whom.parameters.items():
            parameters[name] = value
        url = "" if is_other else f"?{parameters.urlencode()}"
        row = self._mean_row(title, split.means, whom, links=not is_other)
        return HeatRow(title, row.cells, [words.number(split.size)], url)

    # -- the curve -----------------------------------------------------------------------------------
    def _chart(self) -> Chart:
        asked, table = self.table.asked, self.table
        series = [Series(_("All cohorts"), [mean.share for mean in table.means])]
        if asked.whom.by and asked.whom.split:
            namer = asked.whom.by.namer()
            largest = [split for split in table.splits if split.value != OTHER][:CURVES]
            series += [
                Series(_title(namer, split.value), [mean.share for mean in split.means]) for split in largest
            ]
        return Chart(
            "retention",
            _("Retention curve"),
            self._columns(),
            series,
            unit="percent",
            category_title=pgettext("cohort", "Since the start"),
            summary=_("Mean over the cohorts whose time has passed."),
        )

    # -- what is behind ------------------------------------------------------------------------------
    def _slot_url(self, days: Period, whom: Whom, slot: Slot, *, kept: bool) -> str:
        asked = self.table.asked
        return group_url(
            "retention",
            start=asked.start.value,
            **{"from": days.first, "to": days.last},
            unit=asked.unit.value,
            first=slot.first,
            **({} if slot.last is None else {"last": slot.last}),
            kept=int(kept),
            **whom.parameters,
        )

    def _cohort_url(self, days: Period, whom: Whom) -> str:
        chosen = {"from": days.first, "to": days.last}
        return group_url("cohort", start=self.table.asked.start.value, **chosen, **whom.parameters)

    def _csv(self) -> HttpResponseBase:
        asked = self.table.asked
        head = ["cohort", "customers", *(f"{asked.unit.value} {slot.text}" for slot in asked.slots)]
        head += [f"over {slot.text}" for slot in asked.slots]
        rows = (
            [
                asked.grain.begin(row.cohort),
                row.size,
                *(stay.kept for stay in row.stays),
                *(int(stay.is_over) for stay in row.stays),
            ]
            for row in self.table.rows
        )
        return csv_response("retention", head, rows)


def _ages_ask(asked: Asked, typed: str) -> Ask:
    hint = (
        _("Days from and to, ascending: 1-7, 8-30")
        if asked.mode == Mode.BRACKET
        else _("Ascending numbers: 1, 7, 30")
    )
    shown = typed or ", ".join(str(slot.first) if slot.last is None else slot.text for slot in asked.slots)
    return Ask("ages", _("Columns"), shown, hint=hint)


def _title(namer: Any, value: str | None) -> str:
    return _("other values") if value == OTHER else str(namer(value))
