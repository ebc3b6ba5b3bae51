"""One thing after another: A then B within T, or A and no B within T; chains of up to five steps.

``{"sequence": {"event": "Product Added"}, "op": "not_then", "then": {"happened": "orders"},
   "within": 3, "unit": "days", "in_last_days": 30}``

Each step follows strictly after the one before it and at most T later. The window holds the first step. That the
last step did *not* follow is known only when T has passed: the condition is true from A + T on. A and B may be the
same: "and again within T".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from segments.registry import Rows
from segments.rules.as_of import AsOf
from segments.rules.conditions.base import Condition, Shown
from segments.rules.conditions.occurrence import Occurrence, some
from segments.rules.edges import Edge
from segments.rules.forms import Form, Input
from segments.rules.reading import Reader
from segments.rules.schema_parts import OCCURRENCE, Schema, one_of, shape, whole, windows
from segments.rules.spans import LONGEST, UNITS, Span, unit_names
from segments.rules.windows import Window, crossed, longest, read_past_window, window_json
from segments.rules.words import Words, instant
from users.topics import TouchTopic

MOST_STEPS = 5
MOST_TURNS = 100
A_MOMENT = timedelta(microseconds=1)
HABITS = gettext_lazy("Sequences and habits")


@dataclass(frozen=True)
class Sequence(Condition):
    """``steps``: two or more; with ``missing`` all but the last were taken, and the last was not in time."""

    steps: tuple[Occurrence, ...]
    missing: bool
    span: Span
    window: Window

    @classmethod
    def read(cls, reader: Reader) -> "Sequence":
        reader.only(
            required=("sequence", "op", "then", "within", "unit"), optional=("and_then", *_window_keys())
        )
        later = [Occurrence.read(reader.at("then")), *_further(reader)]
        missing = reader.at("op").one_of(("then", "not_then")) == "not_then"
        span, window = Span.read(reader), read_past_window(reader)
        if missing and (whole_window := longest(window)) is not None and whole_window <= span.length:
            raise reader.at("within").refusal(
                "means_no_one", _("must be shorter than the window, or it can never have passed")
            )
        return cls((Occurrence.read(reader.at("sequence")), *later), missing, span, window)

    def write(self) -> dict[str, Any]:
        first, then, *further = (step.write() for step in self.steps)
        written: dict[str, Any] = {
            "sequence": first,
            "op": "not_then" if self.missing else "then",
            "then": then,
        }
        if further:
            written["and_then"] = further if len(further) > 1 else further[0]
        return {**written, **self.span.write(), **window_json(self.window)}

    @classmethod
    def form(cls) -> Form:
        return Form(
            "sequence",
            gettext_lazy("One thing after another"),
            HABITS,
            (
                Input("sequence", "happening", gettext_lazy("first happens")),
                Input("op", "choice", gettext_lazy("and"), choices=_ways),
                Input("then", "happening", gettext_lazy("next happens")),
                Input("and_then", "happening", gettext_lazy("after that happens"), optional=True),
                Input(
                    "within",
                    "whole",
                    gettext_lazy("within (number)"),
                    least=1,
                    most=LONGEST // UNITS["minutes"],
                ),
                Input("unit", "choice", gettext_lazy("unit of time"), choices=unit_names),
                Input("window", "window", gettext_lazy("the first of these"), optional=True),
            ),
            lambda: {
                "sequence": {"event": "Product Added"},
                "op": "not_then",
                "then": {"happened": "orders"},
                "within": 1,
                "unit": "days",
                "in_last_days": 7,
            },
        )

    @classmethod
    def schema(cls) -> list[Schema]:
        further = {
            "anyOf": [
                OCCURRENCE,
                {"type": "array", "items": OCCURRENCE, "minItems": 1, "maxItems": MOST_STEPS - 2},
            ]
        }
        required = {
            "sequence": OCCURRENCE,
            "op": one_of("then", "not_then"),
            "then": OCCURRENCE,
            "within": whole(1, LONGEST // UNITS["minutes"]),
            "unit": one_of(*UNITS),
        }
        return [shape(required, {"and_then": further, **windows()})]

    def event_names(self) -> frozenset[str]:
        return frozenset().union(*(step.event_names() for step in self.steps))

    def topics(self) -> frozenset[TouchTopic]:
        return frozenset(step.source.topic for step in self.steps)

    def happenings(self, as_of: AsOf) -> list[tuple[Occurrence, datetime | None]]:
        return [(step, self.window.begins(as_of)) for step in self.steps]

    def expression(self, as_of: AsOf) -> Q:
        return some(self._begun(as_of))

    def _begun(self, as_of: AsOf) -> Rows:
        """The first steps inside the window from which the rest follows."""
        rows = self.steps[0].rows(as_of, self.window.begins(as_of), self.window.ends(as_of))
        return rows.filter(self._goes_on(0, as_of))

    def _goes_on(self, number: int, as_of: AsOf) -> Q:
        """What must follow a row of step ``number``: joined by customer and by time, whatever the plan."""
        step, following = self.steps[number], self.steps[number + 1]
        begins = self.window.begins(as_of)
        rows = following.rows(as_of, begins, as_of.now).filter(
            **{
                "customer_id": OuterRef("customer_id"),
                f"{following.time}__gt": OuterRef(step.time),
                f"{following.time}__lte": OuterRef(step.time) + self.span.length,
            }
        )
        if number + 2 < len(self.steps):
            return Q(Exists(rows.filter(self._goes_on(number + 1, as_of))))
        if not self.missing:
            return Q(Exists(rows))
        return Q(**{f"{step.time}__lte": as_of.now - self.span.length}) & ~Q(Exists(rows))

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        """First steps over an edge of the window; later steps whose time has come; waits that are over.

        Each step that comes can only add a way through, but the missing one, which can only take some away.
        """
        found = [
            Edge(self.steps[0].ids(now, early, late), entered)
            for early, late, entered in crossed(self.window, then, now)
        ]
        if then.now < now.now:
            found += [Edge(step.ids(now, then.now, now.now), True) for step in self.steps[1:-1]]
            found.append(Edge(self.steps[-1].ids(now, then.now, now.now), not self.missing))
        if self.missing:
            waited = self.span.length
            found.append(Edge(self.steps[-2].ids(now, then.now - waited, now.now - waited + A_MOMENT), True))
        return found

    def of_today(self, words: Words) -> list[str]:
        return list(dict.fromkeys(note for step in self.steps for note in step.of_today()))

    def actual(self, as_of: AsOf) -> Shown:
        step = self.steps[0]
        mine = self._begun(as_of).filter(customer=OuterRef("pk"))
        return Subquery(mine.order_by(F(step.time).desc()).values(step.time)[:1])

    def show(self, actual: Any, words: Words) -> str:
        if actual is None:
            return _("not so far")
        return _("began %(when)s") % {"when": instant(actual)}

    def turns(self, customer_id: int, actual: Any, as_of: AsOf) -> list[datetime]:
        begins = self.window.begins(as_of)
        if begins is None and self.missing:
            begins = as_of.now - len(self.steps) * self.span.length
        found: list[datetime] = []
        for number, step in enumerate(self.steps):
            rows = step.rows(as_of, begins, None).filter(customer=customer_id)
            for time in rows.order_by(F(step.time).desc()).values_list(step.time, flat=True)[:MOST_TURNS]:
                found += [time, *(self.window.turns(time, as_of) if number == 0 else ())]
                found += [time + self.span.length] if self.missing else []
        return found

    def sentence(self, words: Words) -> str:
        clauses = [step.did(words) for step in self.steps[:-1]]
        last = self.steps[-1]
        clauses.append(last.did_not(words) if self.missing else last.did(words))
        told = clauses[0]
        for clause in clauses[1:]:
            told = _("%(before)s, then within %(span)s %(after)s") % {
                "before": told,
                "span": self.span.phrase(),
                "after": clause,
            }
        if not window_json(self.window):
            return told
        return _("%(clause)s (the first of these %(window)s)") % {
            "clause": told,
            "window": self.window.phrase(),
        }


def _ways() -> dict[str, Any]:
    return {"then": gettext_lazy("then, in time"), "not_then": gettext_lazy("then not, in time")}


def _window_keys() -> list[str]:
    return list(windows())


def _further(reader: Reader) -> list[Occurrence]:
    if "and_then" not in reader.mapping():
        return []
    further = reader.at("and_then")
    if isinstance(further.raw, list):
        return [Occurrence.read(item) for item in further.items(1, MOST_STEPS - 2)]
    return [Occurrence.read(further)]
