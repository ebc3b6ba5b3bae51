"""Stopped and restarted; each names its gap.

``{"stopped": {"happened": "orders"}, "gap_days": 60, "at_least": 3}``: three times or more, the last more than the gap
ago. ``{"restarted": {"event": "Product Viewed"}, "gap_days": 30, "in_last_days": 7}``: once more after at least the gap
without, and that return lies in the window.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from segments.registry import Rows
from segments.rules.as_of import AsOf
from segments.rules.conditions.base import Condition, Shown
from segments.rules.conditions.occurrence import Occurrence, among, some
from segments.rules.conditions.sequence import HABITS
from segments.rules.edges import Edge
from segments.rules.forms import Form, Input
from segments.rules.reading import Reader
from segments.rules.schema_parts import DAYS, OCCURRENCE, Schema, shape, whole, windows
from segments.rules.spans import days
from segments.rules.windows import LONGEST_DAYS, WINDOWS, Window, crossed, read_past_window, window_json
from segments.rules.words import Words, instant
from users.topics import TouchTopic

MOST_TIMES = 1000
MOST_TURNS = 100


@dataclass(frozen=True)
class Stopped(Condition):
    """Happened ``at_least`` times before ``now − gap``, and not since."""

    occurrence: Occurrence
    gap_days: int
    at_least: int = 1

    @classmethod
    def read(cls, reader: Reader) -> "Stopped":
        reader.only(required=("stopped", "gap_days"), optional=("at_least",))
        least = reader.at("at_least").whole(1, MOST_TIMES) if "at_least" in reader.mapping() else 1
        gap = reader.at("gap_days").whole(1, LONGEST_DAYS)
        return cls(Occurrence.read(reader.at("stopped")), gap, least)

    def write(self) -> dict[str, Any]:
        written = {"stopped": self.occurrence.write(), "gap_days": self.gap_days}
        return written if self.at_least == 1 else {**written, "at_least": self.at_least}

    @classmethod
    def form(cls) -> Form:
        return Form(
            "stopped",
            gettext_lazy("Stopped doing something"),
            HABITS,
            (
                Input("stopped", "happening", gettext_lazy("what")),
                Input("gap_days", "whole", gettext_lazy("not for (days)"), least=1, most=LONGEST_DAYS),
                Input(
                    "at_least",
                    "whole",
                    gettext_lazy("at least … times before"),
                    optional=True,
                    least=1,
                    most=MOST_TIMES,
                ),
            ),
            lambda: {"stopped": {"happened": "orders"}, "gap_days": 60, "at_least": 2},
        )

    @classmethod
    def schema(cls) -> list[Schema]:
        return [shape({"stopped": OCCURRENCE, "gap_days": DAYS}, {"at_least": whole(1, MOST_TIMES)})]

    def event_names(self) -> frozenset[str]:
        return self.occurrence.event_names()

    def topics(self) -> frozenset[TouchTopic]:
        return frozenset({self.occurrence.source.topic})

    def expression(self, as_of: AsOf) -> Q:
        edge = as_of.now - self._gap
        before = self.occurrence.rows(as_of, None, edge)
        return self._often(before, as_of) & ~some(self.occurrence.rows(as_of, edge, as_of.now))

    def _often(self, before: Rows, as_of: AsOf) -> Q:
        if self.at_least == 1:
            return some(before)
        grouped = before.order_by().values("customer_id").annotate(times=Count("*"))
        return among(grouped.filter(times__gte=self.at_least), as_of)

    @property
    def _gap(self) -> timedelta:
        return timedelta(days=self.gap_days)

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        """What is longer ago than the gap by now, and what happened once more."""
        if then.now == now.now:
            return []
        return [
            Edge(self.occurrence.ids(now, then.now - self._gap, now.now - self._gap), True),
            Edge(self.occurrence.ids(now, then.now, now.now), False),
        ]

    def of_today(self, words: Words) -> list[str]:
        return self.occurrence.of_today()

    def actual(self, as_of: AsOf) -> Shown:
        return latest(self.occurrence, self.occurrence.rows(as_of, None, as_of.now))

    def show(self, actual: Any, words: Words) -> str:
        return show_last(actual)

    def turns(self, customer_id: int, actual: Any, as_of: AsOf) -> list[datetime]:
        rows = self.occurrence.rows(as_of, as_of.now - self._gap, None).filter(customer=customer_id)
        times = rows.order_by(self.occurrence.time).values_list(self.occurrence.time, flat=True)
        return [turn for time in times[:MOST_TURNS] for turn in (time, time + self._gap)]

    def sentence(self, words: Words) -> str:
        did, gap = self.occurrence.did(words), days(self.gap_days)
        if self.at_least == 1:
            return _("%(did)s and then not again for more than %(gap)s") % {"did": did, "gap": gap}
        return ngettext(
            "%(did)s at least %(n)d time and then not again for more than %(gap)s",
            "%(did)s at least %(n)d times and then not again for more than %(gap)s",
            self.at_least,
        ) % {"did": did, "n": self.at_least, "gap": gap}


@dataclass(frozen=True)
class Restarted(Condition):
    """Happened in the window, the time before that at least the gap earlier. A first time is no return."""

    occurrence: Occurrence
    gap_days: int
    window: Window

    @classmethod
    def read(cls, reader: Reader) -> "Restarted":
        reader.only(required=("restarted", "gap_days"), optional=WINDOWS)
        gap = reader.at("gap_days").whole(1, LONGEST_DAYS)
        return cls(Occurrence.read(reader.at("restarted")), gap, read_past_window(reader))

    def write(self) -> dict[str, Any]:
        written = {"restarted": self.occurrence.write(), "gap_days": self.gap_days}
        return {**written, **window_json(self.window)}

    @classmethod
    def form(cls) -> Form:
        return Form(
            "restarted",
            gettext_lazy("Came back to something"),
            HABITS,
            (
                Input("restarted", "happening", gettext_lazy("what")),
                Input("gap_days", "whole", gettext_lazy("after (days) without"), least=1, most=LONGEST_DAYS),
                Input("window", "window", gettext_lazy("and that was"), optional=True),
            ),
            lambda: {"restarted": {"happened": "orders"}, "gap_days": 60, "in_last_days": 14},
        )

    @classmethod
    def schema(cls) -> list[Schema]:
        return [shape({"restarted": OCCURRENCE, "gap_days": DAYS}, windows())]

    def event_names(self) -> frozenset[str]:
        return self.occurrence.event_names()

    def topics(self) -> frozenset[TouchTopic]:
        return frozenset({self.occurrence.source.topic})

    def expression(self, as_of: AsOf) -> Q:
        return some(self._returns(as_of))

    def _returns(self, as_of: AsOf) -> Rows:
        """Rows in the window after a gap: something before it, and nothing inside it."""
        time, ends = self.occurrence.time, self.window.ends(as_of)
        rows = self.occurrence.rows(as_of, self.window.begins(as_of), ends)
        others = self.occurrence.rows(as_of, None, ends).filter(customer_id=OuterRef("customer_id"))
        gap_began = OuterRef(time) - timedelta(days=self.gap_days)
        before = others.filter(**{f"{time}__lte": gap_began})
        inside = others.filter(**{f"{time}__gt": gap_began, f"{time}__lt": OuterRef(time)})
        return rows.filter(Exists(before), ~Exists(inside))

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        """What lies before a return is settled when its time has come."""
        return [
            Edge(self.occurrence.ids(now, early, late), entered)
            for early, late, entered in crossed(self.window, then, now)
        ]

    def of_today(self, words: Words) -> list[str]:
        return self.occurrence.of_today()

    def actual(self, as_of: AsOf) -> Shown:
        return latest(self.occurrence, self._returns(as_of))

    def show(self, actual: Any, words: Words) -> str:
        if actual is None:
            return _("not so far")
        return _("came back %(when)s") % {"when": instant(actual)}

    def turns(self, customer_id: int, actual: Any, as_of: AsOf) -> list[datetime]:
        since = self.window.begins(as_of) or self.window.ends(as_of)
        rows = self.occurrence.rows(as_of, since, None).filter(customer=customer_id)
        times = rows.order_by(self.occurrence.time).values_list(self.occurrence.time, flat=True)
        return [turn for time in times[:MOST_TURNS] for turn in (time, *self.window.turns(time, as_of))]

    def sentence(self, words: Words) -> str:
        return _("%(did)s again after at least %(gap)s without, %(window)s") % {
            "did": self.occurrence.did(words),
            "gap": days(self.gap_days),
            "window": self.window.phrase(),
        }


def latest(occurrence: Occurrence, rows: Rows) -> Subquery:
    """The instant of the customer's latest row."""
    mine = rows.filter(customer=OuterRef("pk"))
    return Subquery(mine.order_by(F(occurrence.time).desc()).values(occurrence.time)[:1])


def show_last(actual: Any) -> str:
    """The instant of the last time, in words."""
    return _("never") if actual is None else _("last %(when)s") % {"when": instant(actual)}
