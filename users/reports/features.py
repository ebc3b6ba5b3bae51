"""Features and visits: which share of the active customers uses what, how long they stay, what they do meanwhile.

A feature is an event type that counts as activity. A visit is a customer's activity without a pause of 30 minutes
or more; it is over after 30 minutes of silence, and lasts from its first to its last event (one event: 0 seconds).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from users.models import EventType
from users.reports import stored
from users.reports.periods import Period
from users.reports.rollups import sql
from users.reports.stored import Question

PAUSE = timedelta(minutes=30)
LOOK_AHEAD = timedelta(days=1)  # a visit that runs longer past the period's end counts as going on
PAGES = ("Page Viewed", "Screen Viewed")
# Lengths of visits in seconds: from (included), to (excluded).
BUCKETS: tuple[tuple[int, int | None], ...] = (
    (0, 1),
    (1, 60),
    (60, 300),
    (300, 900),
    (900, 1800),
    (1800, 3600),
    (3600, None),
)

EVENTS_TO_DAYS = 6
"""Every event of the period is sorted: that takes as long as summing up six periods of days."""
USES_TO_DAYS = 3
"""Every event of two periods is grouped."""


@dataclass(frozen=True, slots=True)
class Feature:
    """An event type with the customers who used it in the period and in the one before."""

    type_id: int
    name: str
    customers: int
    before: int


@dataclass(frozen=True, slots=True)
class Use:
    """Every feature somebody used, the most used first; ``active``: customers active in the period, and before."""

    active: int
    active_before: int
    features: tuple[Feature, ...]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Visits:
    """The visits that began in a period and are over. Counts by length in whole seconds, by events, by pages."""

    customers: int
    going_on: int
    seconds: Mapping[int, int]
    events: Mapping[int, int]
    pages: Mapping[int, int]
    as_of: datetime

    @property
    def n(self) -> int:
        """How many."""
        return sum(self.seconds.values())

    def bucket(self, low: int, high: int | None) -> int:
        """How many lasted at least ``low`` and less than ``high`` seconds."""
        return sum(n for s, n in self.seconds.items() if s >= low and (high is None or s < high))


def median(counts: Mapping[int, int]) -> int | None:
    """The least value that at least half of them do not exceed."""
    so_far, n = 0, sum(counts.values())
    for value in sorted(counts):
        so_far += counts[value]
        if so_far * 2 >= n:
            return value
    return None


def mean(counts: Mapping[int, int]) -> float | None:
    """The mean value."""
    n = sum(counts.values())
    return sum(value * count for value, count in counts.items()) / n if n else None


def use_question(period: Period) -> Question:
    """Which features were used, by channel and by whether the customer is known."""
    types = EventType.objects.filter(is_activity=True).order_by("pk").values_list("pk", flat=True)
    values = {
        "types": list(types),
        "begin": period.begin,
        "end": period.end,
        "earlier": period.before.begin,
        "first": period.first,
        "last": period.last,
        "earliest": period.before.first,
    }
    return Question(sql("feature_use"), values, sums=2, parts=stored.parts_of(USES_TO_DAYS * 2 * period.days))


def visits_question(period: Period) -> Question:
    """The visits that began in the period, by channel and by whether the customer is known."""
    return Question(
        sql("visits") + sql("visit_counts"),
        visit_values(period),
        sums=1,
        parts=stored.parts_of(EVENTS_TO_DAYS * period.days),
    )


def use(period: Period, now: datetime, asked: Mapping[str, str]) -> Use:
    """Which features were used; ``asked``: the crowd as links carry it (channel, visitors)."""
    told = stored.answer(use_question(period), now)
    counted: dict[int | None, list[int]] = {}
    for pk, channel, identified, lately, before in told.rows:
        if _is_of(asked, channel, identified):
            here = counted.setdefault(pk, [0, 0])
            here[0] += lately
            here[1] += before
    active, active_before = counted.pop(None, [0, 0])
    names = EventType.objects.in_bulk([pk for pk in counted if pk is not None])
    found = [Feature(pk, kind.name, *counted[pk]) for pk, kind in names.items()]
    found.sort(key=lambda feature: (-feature.customers, feature.name))
    return Use(active, active_before, tuple(found), told.as_of)


def visits(period: Period, now: datetime, asked: Mapping[str, str]) -> Visits:
    """The visits that began in the period."""
    told = stored.answer(visits_question(period), now)
    counts: dict[str, Counter[int]] = {
        kind: Counter() for kind in ("seconds", "events", "pages", "customers")
    }
    going_on = 0
    for channel, identified, kind, value, is_over, number in told.rows:
        if not _is_of(asked, channel, identified):
            continue
        if is_over:
            counts[kind][value] += number
        elif kind == "seconds":
            going_on += number
    return Visits(
        counts["customers"][0], going_on, counts["seconds"], counts["events"], counts["pages"], told.as_of
    )


def visit_values(period: Period) -> dict[str, Any]:
    """The values bound in ``sql/visits.sql``, but for the instant and the part of the customers."""
    types = EventType.objects.filter(is_activity=True).order_by("pk").values_list("pk", flat=True)
    pages = EventType.objects.filter(name__in=PAGES).order_by("pk").values_list("pk", flat=True)
    return {
        "types": list(types),
        "pages": list(pages),
        "since": period.begin - PAUSE,
        "upto": period.end + LOOK_AHEAD,
        "begin": period.begin,
        "end": period.end,
    }


def _is_of(asked: Mapping[str, str], channel: str, identified: bool) -> bool:
    """Whether a row is of the crowd that a link asks for."""
    return (identified or asked.get("visitors") == "yes") and asked.get("channel", channel) == channel
