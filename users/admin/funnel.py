"""The funnel: how many go all the way, and where the others leave."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponseBase
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.charts import Chart, Series
from config.kit.given_names import as_read
from config.kit.parts import Ask, Cell, Choice, Column, Empty, Filter, Stat, Table
from config.kit.sheets import csv_response
from users.admin.awaited import AwaitedAnswer
from users.admin.cohort_pages import CohortPage, day_asks
from users.groups import group_url
from users.reports import funnel, stored
from users.reports.cohorts import OTHER, Whom
from users.reports.funnel import MOST_STEPS, REGISTERED, Funnel, Step, Way
from users.reports.periods import period_filters
from users.sentences import event_title


class FunnelPage(AwaitedAnswer, CohortPage):
    """Steps chosen from the shop's events, the share that takes each, and who stopped."""

    report = "funnel"

    title = gettext_lazy("Funnel")
    purpose = gettext_lazy("How many go all the way, and where the others leave.")
    template_name = "users/funnel.html"

    @cached_property
    def wanted(self) -> funnel.Asked:
        """What the address asks for."""
        return funnel.read(self.asked, self.now)

    @cached_property
    def found(self) -> Funnel:
        """The figures. Raises Refusal when they take long: they are computed in parts then."""
        within = self.patience(keeps=self.wanted.whom.has_plain_values)
        return funnel.compute(self.wanted, self.now, within=within)

    def question(self) -> stored.Question | None:
        """What is computed in parts; nothing for a split whose values are not kept."""
        return funnel.question(self.wanted) if self.wanted.whom.has_plain_values else None

    def get_as_of(self) -> datetime:
        """The instant the figures stand for."""
        return self.found.as_of

    def get_file(self) -> HttpResponseBase | None:
        """The steps as CSV."""
        if "csv" not in self.request.GET:
            return None
        ways = [("all", self.found.all), *((self._title(way), way) for way in self.found.ways)]
        head = ["group", *(self._step_title(step) for step in self.found.asked.steps)]
        return csv_response("funnel", head, ([title, *way.reached] for title, way in ways))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Chips, the form of steps, figures, chart, steps, and the ways by dimension."""
        asked = self.found.asked
        open_form = bool(asked.problem)
        return super().get_context_data(**kwargs) | {
            "filters": self._filters(),
            "ask_form": self.ask_form(
                _("Choose the steps"), self._asks(), is_open=open_form, drops=("preset", "period", "csv")
            ),
            "problem": asked.problem,
            "stats": self._stats(),
            "chart": self._chart(),
            "table": self._table(),
            "ways": self._ways() if asked.whom.split else None,
            "is_running": asked.period.end + asked.within > self.now,
        }

    def _filters(self) -> list[Filter]:
        presets = [
            ("registration", _("registration → view → cart → checkout → order")),
            ("shopping", _("view → cart → checkout → order")),
        ]
        own = any(self.asked.get(f"s{n}") for n in range(1, MOST_STEPS + 1))
        chosen = "" if own else self.asked.get("preset", "")
        return [
            Filter(
                "preset",
                _("Steps"),
                [] if own else [Choice(*one) for one in presets],
                chosen if chosen in dict(presets) else "",
            ),
            *self.whom_filters(self.found.asked.whom, own=(funnel.DEVICE,)),
            *period_filters(self.asked),
        ]

    def _asks(self) -> list[Ask]:
        asked = self.found.asked
        events = [
            Choice("", "–"),
            Choice(REGISTERED, _("Registered")),
            *(Choice(str(pk), title) for pk, title in self._events.items()),
        ]
        asks = []
        for number in range(MOST_STEPS):
            step = asked.steps[number] if number < len(asked.steps) else Step("")
            told = {"n": number + 1}
            asks.append(Ask(f"s{number + 1}", _("Step %(n)s") % told, step.event, "select", events))
            asks.append(Ask(f"c{number + 1}", _("… only of the category"), step.category))
        count, unit = _in_units(asked.within)
        units = [Choice("minute", _("minutes")), Choice("hour", _("hours")), Choice("day", _("days"))]
        asks.append(Ask("within", _("From first to last step at most"), str(count), "number"))
        asks.append(Ask("unit", _("Unit"), unit, "select", units))
        return [*asks, *day_asks(asked.period)]

    @cached_property
    def _events(self) -> Mapping[int, str]:
        return {one.pk: event_title(one.name) for one in funnel.event_types()}

    def _step_title(self, step: Step) -> str:
        if step.event == REGISTERED:
            return _("Registered")
        title = self._events.get(int(step.event)) or event_title(self._unused[int(step.event)])
        return words.aside(title, as_read(step.category))

    @cached_property
    def _unused(self) -> Mapping[int, str]:
        """Names of the steps' types of which there are no events yet."""
        return funnel.names(self.found.asked.steps)

    # -- the figures ---------------------------------------------------------------------------------
    def _stats(self) -> list[Stat]:
        way, asked = self.found.all, self.found.asked
        limit = words.duration(asked.within)
        return [
            Stat(
                _("Took the first step"),
                way.entered,
                window=asked.period.sentence,
                url=self._url(asked.whom, 0),
            ),
            Stat(
                _("Went all the way"),
                way.reached[-1],
                window=_("within %(time)s of the first step") % {"time": limit},
                url=self._url(asked.whom, len(asked.steps) - 1),
            ),
            Stat(
                _("Conversion"),
                way.reached[-1] / way.entered if way.entered else None,
                "percent",
                of=way.entered,
            ),
        ]

    def _chart(self) -> Chart:
        titles = [f"{n}. {self._step_title(step)}" for n, step in enumerate(self.found.asked.steps, start=1)]
        return Chart(
            "funnel",
            _("Customers per step"),
            titles,
            [Series(_("Customers"), list(self.found.all.reached))],
            kind="bar",
            horizontal=True,
            category_title=_("Step"),
            summary=_("Each customer once."),
        )

    def _table(self) -> Table:
        parameters = self.request.GET.copy()
        parameters["csv"] = "1"
        columns = [
            Column(_("Step")),
            Column(_("Customers"), "number"),
            Column(_("Of the step before"), "percent"),
            Column(_("Of the first step"), "percent"),
            Column(
                _("Median time since the step before"),
                "text",
                hint=_("Of those who took the step; within one percent"),
            ),
            Column(_("Went no further"), "number"),
        ]
        empty = Empty(
            _("Nobody took the first step"),
            _("Choose other steps, a longer period, or take a filter away."),
            icon="filter_alt",
        )
        rows = (
            [self._row(step) for step in range(len(self.found.asked.steps))] if self.found.all.entered else []
        )
        return Table(columns, rows, empty, _("Steps"), csv_url=f"?{parameters.urlencode()}" if rows else "")

    def _row(self, step: int) -> list[Any]:
        asked, way = self.found.asked, self.found.all
        before = way.reached[step - 1] if step else 0
        hours = way.hours[step]
        is_last = step == len(asked.steps) - 1
        return [
            f"{step + 1}. {self._step_title(asked.steps[step])}",
            Cell(way.reached[step], url=self._url(asked.whom, step)),
            _share(way.reached[step], before) if step else None,
            _share(way.reached[step], way.entered),
            None if hours is None else words.duration(timedelta(hours=hours)),
            None if is_last else Cell(way.lost(step), url=self._url(asked.whom, step, stopped=True)),
        ]

    def _ways(self) -> Table:
        asked = self.found.asked
        by = asked.whom.by
        assert by is not None
        columns = [Column(by.title), Column(_("Took the first step"), "number")]
        columns += [
            Column(f"{n}. {self._step_title(step)}", "percent")
            for n, step in enumerate(asked.steps, 1)
            if n > 1
        ]
        columns += [Column(_("Went all the way"), "number")]
        rows = [self._way_row(way) for way in self.found.ways]
        empty = Empty(_("Nobody took the first step"))
        return Table(columns, rows, empty, _("Funnel by %(dimension)s") % {"dimension": by.title})

    def _way_row(self, way: Way) -> list[Any]:
        whom, many = self.found.asked.whom.with_value(way.value), len(way.reached)
        is_other = way.value == OTHER
        urls = ["" if is_other else self._url(whom, step) for step in range(many)]
        shares = [
            Cell(_share(way.reached[step], way.entered).value, urls[step], _n(way.entered))
            for step in range(1, many)
        ]
        return [
            self._title(way),
            Cell(way.entered, url=urls[0]),
            *shares,
            Cell(way.reached[-1], url=urls[-1]),
        ]

    def _title(self, way: Way) -> str:
        return _("other values") if way.value == OTHER else self._namer(way.value)

    @cached_property
    def _namer(self) -> Any:
        by = self.found.asked.whom.by
        return by.namer() if by else str

    def _url(self, whom: Whom, step: int, *, stopped: bool = False) -> str:
        told = {**self.found.asked.parameters, **whom.parameters, "step": step + 1}
        return group_url("funnel", **told, **({"stopped": 1} if stopped else {}))


def _share(part: int, whole: int) -> Cell:
    return Cell(part / whole if whole else None, hint=_n(whole))


def _n(whole: int) -> str:
    return _("n = %(n)s") % {"n": words.number(whole)}


def _in_units(within: timedelta) -> tuple[int, str]:
    """A time limit in its largest whole unit."""
    unit = next(name for name in ("day", "hour", "minute") if not within % funnel.UNITS[name])
    return within // funnel.UNITS[unit], unit
