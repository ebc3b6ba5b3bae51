"""Features and visits: which share of the active customers uses what, how long they stay, what they do meanwhile.

A feature is an event type that counts as activity. A visit is a customer's activity without a pause of 30 minutes
or more; it is over after 30 minutes of silence, and lasts from its first to its last event (one event: 0 seconds).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from config.kit.batches import fetch
from users.groups.activity import crowd
from users.models import EventType
from users.reports.periods import Period
from users.reports.rollups import sql

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


@dataclass(frozen=True, slots=True)
class Visits:
    """The visits that began in a period and are over. Counts by length in whole seconds, by events, by pages."""

    customers: int
    going_on: int
    seconds: Mapping[int, int]
    events: Mapping[int, int]
    pages: Mapping[int, int]

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


def use(period: Period, now: datetime, asked: Mapping[str, str]) -> Use:
    """Which features were used; ``asked``: the crowd as links carry it (channel, visitors)."""
    names = dict(EventType.objects.filter(is_activity=True).values_list("pk", "name"))
    moment = {"begin": period.begin, "end": period.end, "earlier": period.before.begin, "now": now}
    rows = _fetch_crowd("feature_use", {**moment, "types": list(names)}, asked)
    days = {"first": period.first, "last": period.last, "earliest": period.before.first}
    ((active, active_before),) = _fetch_crowd("active_in", days, asked)
    found = [Feature(pk, names[pk], customers, before) for pk, customers, before in rows]
    return Use(active, active_before, tuple(sorted(found, key=lambda f: (-f.customers, f.name))))


def visits(period: Period, now: datetime, asked: Mapping[str, str]) -> Visits:
    """The visits that began in the period."""
    where, values, _told = crowd(asked)
    rows = fetch(
        sql("visits")
        + f"""
        , measured AS (
            SELECT visit.customer_id, floor(extract(epoch FROM visit.ended - visit.began))::integer AS seconds,
                   visit.events::integer, visit.pages::integer, visit.ended + %s <= %s AS over
            FROM visit JOIN users_customer customer ON customer.id = visit.customer_id
            WHERE customer.erased_at IS NULL {where}
        )
        SELECT CASE WHEN GROUPING(seconds) = 0 THEN 'seconds' WHEN GROUPING(events) = 0 THEN 'events'
                    ELSE 'pages' END,
               coalesce(seconds, events, pages), over, count(*)
        FROM measured GROUP BY GROUPING SETS ((over, seconds), (over, events), (over, pages))
        UNION ALL
        SELECT 'customers', 0, true, count(DISTINCT customer_id) FROM measured WHERE over
        """,
        (*parameters(period, now), PAUSE, min(now, period.end + LOOK_AHEAD), *values),
    )
    counts: dict[str, Counter[int]] = {
        kind: Counter() for kind in ("seconds", "events", "pages", "customers")
    }
    going_on = 0
    for kind, value, is_over, number in rows:
        if is_over:
            counts[kind][value] += number
        elif kind == "seconds":
            going_on += number
    return Visits(counts["customers"][0], going_on, counts["seconds"], counts["events"], counts["pages"])


def parameters(period: Period, now: datetime) -> tuple[Any, ...]:
    """The values bound in ``sql/visits.sql``."""
    types = list(EventType.objects.filter(is_activity=True).values_list("pk", flat=True))
    pages = list(EventType.objects.filter(name__in=PAGES).values_list("pk", flat=True))
    slice_ = (types, period.begin - PAUSE, period.end + LOOK_AHEAD, now)
    return (*slice_, pages, period.begin, period.end)


def _fetch_crowd(name: str, values: dict[str, Any], asked: Mapping[str, str]) -> list[tuple[Any, ...]]:
    where, bound, _told = crowd(asked)
    named = {f"crowd_{number}": value for number, value in enumerate(bound)}
    where = where % tuple(f"%({name})s" for name in named) if named else where
    return fetch(sql(name).replace("/* crowd */", where), {**values, **named})
