"""What happened to the customer: events, orders, messages; how often, how much, when first and last.

``{"event": "Product Viewed", "op": "did", "at_least": 3, "in_last_days": 30,
   "where": [{"property": "category", "op": "equals", "value": "Jazz"}]}``
``{"happened": "orders", "op": "total", "of": "net", "at_least": 30000, "in_last_days": 180}``
"""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from segments.registry import Rows, Source
from segments.rules.as_of import AsOf
from segments.rules.conditions.base import Condition, Shown
from segments.rules.conditions.happening import (
    Filter,
    Measured,
    named_property,
    read_happening,
)
from segments.rules.conditions.occurrence import Occurrence, among, some
from segments.rules.edges import Edge
from segments.rules.measures import MEASURES, Bounds, Times
from segments.rules.reading import Reader
from segments.rules.shared import Scan, among_table
from segments.rules.windows import Stretch, Window, crossed, window_json
from segments.rules.words import Words, instant, number
from users.topics import TouchTopic

MOST_TURNS = 100
ONCE = Bounds(at_least=1)


@dataclass(frozen=True)
class Happened(Condition):
    """``op``: did_not, first, last, or the name of a measure (``did`` counts)."""

    source: Source
    event: str | None
    op: str
    window: Window
    where: tuple[Filter, ...] = ()
    measured: Measured | None = None

    @classmethod
    def read(cls, reader: Reader) -> "Happened":
        return cls(**read_happening(reader))

    def write(self) -> dict[str, Any]:
        written = {**self.occurrence.write(), "op": self.op}
        if self.measured is not None:
            written |= self.measured.write()
        return written | window_json(self.window)

    @property
    def occurrence(self) -> Occurrence:
        """What happened, without when and how often."""
        return Occurrence(self.source, self.event, self.where)

    def event_names(self) -> frozenset[str]:
        return self.occurrence.event_names()

    def topics(self) -> frozenset[TouchTopic]:
        return frozenset({self.source.topic})

    def expression(self, as_of: AsOf) -> Q:
        if self._figures_key in as_of.shared:
            return self._read(as_of.shared[self._figures_key])
        if self.op == "did_not":
            return ~some(self._inside(as_of))
        if self.op == "first":
            begins = self.window.begins(as_of)
            earlier = self._rows(as_of, None, begins) if begins is not None else None
            inside = some(self._inside(as_of))
            return inside if earlier is None else inside & ~some(earlier)
        if self.op == "last":
            later = self._rows(as_of, self.window.ends(as_of), as_of.now)
            return some(self._inside(as_of)) & ~some(later)
        assert self.measured is not None
        return self._measured(self.measured, as_of)

    def scan(self) -> Scan | None:
        return Scan(self._figures_key, self._figures) if self._figures_key else None

    def happenings(self, as_of: AsOf) -> list[tuple[Occurrence, datetime | None]]:
        return [(self.occurrence, self.window.begins(as_of))]

    def _figures(self, as_of: AsOf) -> Rows:
        """The figures of everybody to whom it happened."""
        of = self._figured
        figures = of.measure.figures(of.x(self.source, as_of), self.source.time, as_of)
        found: Rows = self._inside(as_of).order_by().values("customer_id").annotate(**figures)
        return found

    @property
    def _figured(self) -> Measured:
        """What is measured; whether it happened at all is how often it did."""
        return (
            Measured(MEASURES["did"], ONCE)
            if self.measured is None or self.measured.is_once
            else self.measured
        )

    @cached_property
    def _figures_key(self) -> str:
        """All but the bounds; "" where there are none."""
        if self.op in {"first", "last"}:
            return ""
        of = self._figured
        asked = {**self.occurrence.write(), **window_json(self.window), "op": of.measure.name, "of": of.of}
        return json.dumps(asked, sort_keys=True)

    def _read(self, table: str) -> Q:
        """The answer from a table of the figures of everybody; those to whom nothing happened are not in it."""
        of = self._figured
        hold, bounds = of.bounds.hold_of_columns(of.measure.per)
        if self.op == "did_not":
            return ~among_table(table, hold, bounds)
        if of.measure.zero and of.bounds.fit_zero:
            return ~among_table(table, f"NOT ({hold})", bounds)
        return among_table(table, hold, bounds)

    def _measured(self, measured: Measured, as_of: AsOf) -> Q:
        if measured.is_once:
            return some(self._inside(as_of))
        if measured.measure.name == "did" and not as_of.everybody:
            return self._as_often(measured.bounds, as_of)
        asking = (measured.bounds, measured.x(self.source, as_of), self.source.time, as_of)
        grouped = self._inside(as_of).order_by().values("customer_id")
        if measured.measure.zero and measured.bounds.fit_zero:
            return ~among(measured.measure.outside(grouped, *asking), as_of)
        return among(measured.measure.within(grouped, *asking), as_of)

    def _as_often(self, bounds: Bounds, as_of: AsOf) -> Q:
        """The n-th row says it, for a few: the hundreds that somebody may have besides are not read."""
        mine, held = self._inside(as_of).filter(customer=OuterRef("pk")), Q()
        if bounds.at_least:
            held &= Q(Exists(mine[int(bounds.at_least) - 1 : int(bounds.at_least)]))
        if bounds.at_most is not None:
            held &= ~Q(Exists(mine[int(bounds.at_most) : int(bounds.at_most) + 1]))
        return held

    def _inside(self, as_of: AsOf) -> Rows:
        return self._rows(as_of, self.window.begins(as_of), self.window.ends(as_of))

    def _rows(self, as_of: AsOf, begins: datetime | None, ends: datetime | None) -> Rows:
        """The rows within a stretch of time that pass the filters."""
        return self.occurrence.rows(as_of, begins, ends, of=self.measured.of if self.measured else None)

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        stretches = crossed(self.window, then, now)
        if self.op == "last" and then.now < now.now:
            stretches.append(Stretch(then.now, now.now, entered=False))  # what came later
        return [
            Edge(self._rows(now, early, late).values("customer_id"), self._turned(entered))
            for early, late, entered in stretches
        ]

    def _turned(self, entered: bool) -> bool | None:
        """What a row that entered the window, or left it, can only have made of the answer.

        A first one that has left the window is an earlier one now; a last one is not the last any more when a later one
        has come, as if it had left.
        """
        more = True if self.measured is None else self.measured.measure.more_makes(self.measured.bounds)
        if more is None:
            return None
        return more is entered if self.op != "did_not" else more is not entered

    def of_today(self, words: Words) -> list[str]:
        of = self.measured.of if self.measured else None
        named = named_property(self.source, of) if of else None
        more = [str(named.past_note)] if named is not None and named.past_note else []
        return self.occurrence.of_today() + more

    def actual(self, as_of: AsOf) -> Shown:
        if self.op in {"first", "last"}:
            time = self.source.time if self.op == "first" else f"-{self.source.time}"
            seen = self._rows(as_of, None, as_of.now).filter(customer=OuterRef("pk"))
            return Subquery(seen.order_by(time).values(self.source.time)[:1])
        measure = self.measured.measure if self.measured else Times()
        x = self.measured.x(self.source, as_of) if self.measured else None
        mine = self._inside(as_of).filter(customer=OuterRef("pk")).order_by().values("customer_id")
        return Subquery(mine.annotate(figure=measure.figure(x, self.source.time, as_of)).values("figure"))

    def show(self, actual: Any, words: Words) -> str:
        if isinstance(actual, datetime):
            return instant(actual)
        if actual is None and self.measured is not None and not self.measured.measure.zero:
            return _("not known")
        if actual is None and self.op in {"first", "last"}:
            return _("never")
        is_money = self.measured is not None and self.measured.is_money(self.source)
        return words.money(actual or 0) if is_money else number(actual or 0)

    def turns(self, customer_id: int, actual: Any, as_of: AsOf) -> list[datetime]:
        since = self.window.begins(as_of) or self.window.ends(as_of)
        rows = self._rows(as_of, since, None).filter(customer=customer_id)
        times = rows.order_by(self.source.time).values_list(self.source.time, flat=True)[:MOST_TURNS]
        return [turn for time in times for turn in (time, *self.window.turns(time, as_of))]

    def sentence(self, words: Words) -> str:
        window = self.window.phrase()
        if self.op == "did_not":
            did_not = self.occurrence.did_not(words)
            return _("%(did_not)s %(window)s") % {"did_not": did_not, "window": window}
        if self.op in {"first", "last"}:
            pattern = (
                _("the first of %(noun)s was %(window)s")
                if self.op == "first"
                else _("the last of %(noun)s was %(window)s")
            )
            return pattern % {"noun": self.occurrence.noun(words), "window": window}
        assert self.measured is not None
        return _("%(did)s %(measured)s %(window)s") % {
            "did": self.occurrence.did(words),
            "measured": self.measured.phrase(self.source, words),
            "window": window,
        }
