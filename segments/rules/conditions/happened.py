"""What happened to the customer: events, orders, messages; how often, how much, when first and last.

``{"event": "Product Viewed", "op": "did", "at_least": 3, "in_last_days": 30,
   "where": [{"property": "category", "op": "equals", "value": "Jazz"}]}``
``{"happened": "orders", "op": "total", "of": "net", "at_least": 30000, "in_last_days": 180}``
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from segments.registry import Field, Rows, Source
from segments.rules.as_of import AsOf
from segments.rules.asking import asked
from segments.rules.conditions.base import Condition, Ids, Shown
from segments.rules.conditions.field import phrase
from segments.rules.conditions.happening import (
    Filter,
    Measured,
    happening_json,
    named_property,
    read_happening,
)
from segments.rules.measures import Times
from segments.rules.reading import Reader
from segments.rules.windows import Window, crossed
from segments.rules.words import Words, both, instant, number
from users.topics import TouchTopic

MOST_TURNS = 100


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
        return happening_json(self)

    def topics(self) -> frozenset[TouchTopic]:
        return frozenset({self.source.topic})

    def expression(self, as_of: AsOf) -> Q:
        if self.op == "did_not":
            return ~self._some(self._inside(as_of))
        if self.op == "first":
            begins = self.window.begins(as_of)
            earlier = self._rows(as_of, None, begins) if begins is not None else None
            inside = self._some(self._inside(as_of))
            return inside if earlier is None else inside & ~self._some(earlier)
        if self.op == "last":
            later = self._rows(as_of, self.window.ends(as_of), as_of.now)
            return self._some(self._inside(as_of)) & ~self._some(later)
        assert self.measured is not None
        return self._measured(self.measured, as_of)

    def _measured(self, measured: Measured, as_of: AsOf) -> Q:
        if measured.is_once:
            return self._some(self._inside(as_of))
        asking = (measured.bounds, measured.x(self.source, as_of), self.source.time, as_of)
        grouped = self._inside(as_of).order_by().values("customer_id")
        if measured.measure.zero and measured.bounds.fit_zero:
            return ~self._among(measured.measure.outside(grouped, *asking), as_of)
        return self._among(measured.measure.within(grouped, *asking), as_of)

    def _some(self, rows: Rows) -> Q:
        """At least one of ``rows`` is the customer's: good for everybody and for a few alike."""
        return Q(Exists(rows.filter(customer=OuterRef("pk"))))

    def _among(self, groups: Rows, as_of: AsOf) -> Q:
        """The customer is one of ``groups``. For everybody they are computed once, for a few once each."""
        if as_of.everybody:
            return Q(pk__in=groups.values("customer_id"))
        return Q(Exists(groups.filter(customer=OuterRef("pk")).values("customer_id")))

    def _inside(self, as_of: AsOf) -> Rows:
        return self._rows(as_of, self.window.begins(as_of), self.window.ends(as_of))

    def _rows(self, as_of: AsOf, begins: datetime | None, ends: datetime | None) -> Rows:
        """The rows within a stretch of time that pass the filters."""
        time = self.source.time
        rows = self.source.rows(as_of, self.event)
        if ends is not None:
            rows = rows.filter(**{f"{time}__lt": ends})
        if begins is not None:
            rows = rows.filter(**{f"{time}__gte": begins})
        for one in self.where:
            rows = rows.filter(asked(one.field, one.operator, one.value, as_of))
        return rows

    def crossing(self, then: AsOf, now: AsOf) -> list[Ids]:
        stretches = crossed(self.window, then, now)
        if self.op == "last":
            stretches.append((then.now, now.now))
        return [
            self._rows(now, early, late).values("customer_id") for early, late in stretches if early < late
        ]

    def of_today(self, words: Words) -> list[str]:
        used = [one.field for one in self.where] + self._measured_fields()
        notes = [str(field.past_note) for field in used]
        return [note for note in dict.fromkeys([str(self.source.past_note), *notes]) if note]

    def _measured_fields(self) -> list[Field]:
        of = self.measured.of if self.measured else None
        named = named_property(self.source, of) if of else None
        return [named] if named else []

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
        event = {"event": self.event}
        if self.op == "did_not":
            return _("%(did_not)s %(window)s") % {
                "did_not": self._with_filters(str(self.source.did_not) % event, words),
                "window": self.window.phrase(),
            }
        if self.op in {"first", "last"}:
            pattern = (
                _("the first of %(noun)s was %(window)s")
                if self.op == "first"
                else _("the last of %(noun)s was %(window)s")
            )
            noun = self._with_filters(str(self.source.noun) % event, words)
            return pattern % {"noun": noun, "window": self.window.phrase()}
        assert self.measured is not None
        return _("%(did)s %(measured)s %(window)s") % {
            "did": self._with_filters(str(self.source.did) % event, words),
            "measured": self.measured.phrase(self.source, words),
            "window": self.window.phrase(),
        }

    def _with_filters(self, clause: str, words: Words) -> str:
        if not self.where:
            return clause
        filters = both([phrase(one.field, one.operator, one.value, words) for one in self.where])
        return _("%(clause)s (%(filters)s)") % {"clause": clause, "filters": filters}
