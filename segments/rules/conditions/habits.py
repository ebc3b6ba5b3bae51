"""Regularly, and for the how-manieth time.

``{"regularly": {"happened": "orders"}, "weeks": 3, "of": 4}``: in at least three of the last four Monday weeks of the
shop zone, the current week excluded. ``{"nth": {"happened": "orders"}, "n": 2, "in_last_days": 30}``: the second order
of all lies in the window.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import TruncWeek
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from segments.registry import Rows
from segments.rules.as_of import AsOf
from segments.rules.conditions.base import Condition, Shown
from segments.rules.conditions.occurrence import Occurrence, among
from segments.rules.conditions.sequence import HABITS
from segments.rules.edges import Edge
from segments.rules.forms import Form, Input
from segments.rules.reading import Reader
from segments.rules.schema_parts import OCCURRENCE, Schema, shape, whole, windows
from segments.rules.windows import (
    WINDOWS,
    Ever,
    Stretch,
    Window,
    crossed,
    day_start,
    read_past_window,
    window_json,
)
from segments.rules.words import Words, instant, number
from users.topics import TouchTopic

MOST_WEEKS = 104
MOST_TIMES = 1000
MOST_TURNS = 100


@dataclass(frozen=True)
class Regularly(Condition):
    """In at least ``weeks`` of the last ``of`` whole weeks."""

    occurrence: Occurrence
    weeks: int
    of: int

    @classmethod
    def read(cls, reader: Reader) -> "Regularly":
        reader.only(required=("regularly", "weeks", "of"))
        weeks, of = reader.at("weeks").whole(1, MOST_WEEKS), reader.at("of").whole(1, MOST_WEEKS)
        if weeks > of:
            raise reader.at("weeks").refusal("out_of_range", _("cannot be in more weeks than are looked at"))
        return cls(Occurrence.read(reader.at("regularly")), weeks, of)

    def write(self) -> dict[str, Any]:
        return {"regularly": self.occurrence.write(), "weeks": self.weeks, "of": self.of}

    @classmethod
    def form(cls) -> Form:
        return Form(
            "regularly",
            gettext_lazy("Regularly"),
            HABITS,
            (
                Input("regularly", "happening", gettext_lazy("what")),
                Input("weeks", "whole", gettext_lazy("in at least (weeks)"), least=1, most=MOST_WEEKS),
                Input("of", "whole", gettext_lazy("of the last (whole weeks)"), least=1, most=MOST_WEEKS),
            ),
            lambda: {"regularly": {"happened": "orders"}, "weeks": 3, "of": 4},
        )

    @classmethod
    def schema(cls) -> list[Schema]:
        weeks = whole(1, MOST_WEEKS)
        return [shape({"regularly": OCCURRENCE, "weeks": weeks, "of": weeks})]

    def event_names(self) -> frozenset[str]:
        return self.occurrence.event_names()

    def topics(self) -> frozenset[TouchTopic]:
        return frozenset({self.occurrence.source.topic})

    def happenings(self, as_of: AsOf) -> list[tuple[Occurrence, datetime | None]]:
        return [(self.occurrence, self._begins(as_of))]

    def expression(self, as_of: AsOf) -> Q:
        grouped = self._rows(as_of).order_by().values("customer_id").annotate(weeks=self._counted(as_of))
        return among(grouped.filter(weeks__gte=self.weeks), as_of)

    def _rows(self, as_of: AsOf) -> Rows:
        return self.occurrence.rows(as_of, self._begins(as_of), _monday(as_of))

    def _counted(self, as_of: AsOf) -> Count:
        return Count(TruncWeek(self.occurrence.time, tzinfo=as_of.zone), distinct=True)

    def _begins(self, as_of: AsOf) -> datetime:
        return _monday(as_of, weeks_ago=self.of)

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        """A week is over, and another is too long ago: on Mondays only."""
        stretches = [
            Stretch(_monday(then), _monday(now), entered=True),
            Stretch(self._begins(then), self._begins(now), entered=False),
        ]
        return [
            Edge(self.occurrence.ids(now, early, late), entered)
            for early, late, entered in stretches
            if early < late
        ]

    def of_today(self, words: Words) -> list[str]:
        return self.occurrence.of_today()

    def actual(self, as_of: AsOf) -> Shown:
        mine = self._rows(as_of).filter(customer=OuterRef("pk")).order_by().values("customer_id")
        return Subquery(mine.annotate(weeks=self._counted(as_of)).values("weeks"))

    def show(self, actual: Any, words: Words) -> str:
        return _("in %(n)s of %(of)s weeks") % {"n": number(actual or 0), "of": number(self.of)}

    def turns(self, customer_id: int, actual: Any, as_of: AsOf) -> list[datetime]:
        return [_monday(as_of, weeks_ago=-ahead) for ahead in range(1, self.of + 2)]

    def sentence(self, words: Words) -> str:
        return ngettext(
            "%(did)s in at least %(n)d of the last %(of)d whole weeks",
            "%(did)s in at least %(n)d of the last %(of)d whole weeks",
            self.weeks,
        ) % {"did": self.occurrence.did(words), "n": self.weeks, "of": self.of}


@dataclass(frozen=True)
class Nth(Condition):
    """The ``n``-th of all lies in the window. Of several at the same instant none is earlier than another."""

    occurrence: Occurrence
    n: int
    window: Window

    @classmethod
    def read(cls, reader: Reader) -> "Nth":
        reader.only(required=("nth", "n"), optional=WINDOWS)
        window = read_past_window(reader)
        if isinstance(window, Ever):
            raise reader.refusal(
                "missing_key", _("needs a window: one of %(names)s") % {"names": ", ".join(WINDOWS)}
            )
        return cls(Occurrence.read(reader.at("nth")), reader.at("n").whole(1, MOST_TIMES), window)

    def write(self) -> dict[str, Any]:
        return {"nth": self.occurrence.write(), "n": self.n, **window_json(self.window)}

    @classmethod
    def form(cls) -> Form:
        return Form(
            "nth",
            gettext_lazy("For the … time"),
            HABITS,
            (
                Input("nth", "happening", gettext_lazy("what")),
                Input("n", "whole", gettext_lazy("which one"), least=1, most=MOST_TIMES),
                Input("window", "window", gettext_lazy("and that was")),
            ),
            lambda: {"nth": {"happened": "orders"}, "n": 2, "in_last_days": 30},
        )

    @classmethod
    def schema(cls) -> list[Schema]:
        return [shape({"nth": OCCURRENCE, "n": whole(1, MOST_TIMES)}, windows())]

    def event_names(self) -> frozenset[str]:
        return self.occurrence.event_names()

    def topics(self) -> frozenset[TouchTopic]:
        return frozenset({self.occurrence.source.topic})

    def expression(self, as_of: AsOf) -> Q:
        begins, ends = self.window.begins(as_of), self.window.ends(as_of)
        grouped = self.occurrence.rows(as_of, None, ends).order_by().values("customer_id")
        reached = grouped.annotate(times=Count("*")).filter(times__gte=self.n)
        if begins is not None:
            earlier = Count("customer_id", filter=Q(**{f"{self.occurrence.time}__lt": begins}))
            reached = reached.annotate(earlier=earlier).filter(earlier__lt=self.n)
        return among(reached, as_of)

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        """One that left the window is one more that came too early."""
        return [
            Edge(self.occurrence.ids(now, early, late), entered)
            for early, late, entered in crossed(self.window, then, now)
        ]

    def of_today(self, words: Words) -> list[str]:
        return self.occurrence.of_today()

    def actual(self, as_of: AsOf) -> Shown:
        time = self.occurrence.time
        mine = self.occurrence.rows(as_of, None, as_of.now).filter(customer=OuterRef("pk"))
        return Subquery(mine.order_by(time).values(time)[self.n - 1 : self.n])

    def show(self, actual: Any, words: Words) -> str:
        return _("not so far") if actual is None else instant(actual)

    def turns(self, customer_id: int, actual: Any, as_of: AsOf) -> list[datetime]:
        since = self.window.begins(as_of) or self.window.ends(as_of)
        rows = self.occurrence.rows(as_of, since, None).filter(customer=customer_id)
        times = rows.order_by(self.occurrence.time).values_list(self.occurrence.time, flat=True)
        return [turn for time in times[:MOST_TURNS] for turn in (time, *self.window.turns(time, as_of))]

    def sentence(self, words: Words) -> str:
        return _("number %(n)d of %(noun)s was %(window)s") % {
            "n": self.n,
            "noun": self.occurrence.noun(words),
            "window": self.window.phrase(),
        }


def _monday(as_of: AsOf, *, weeks_ago: int = 0) -> datetime:
    """The beginning of the current week of the shop zone, or of one so many weeks before."""
    return day_start(as_of.today - timedelta(days=as_of.today.weekday(), weeks=weeks_ago), as_of)
