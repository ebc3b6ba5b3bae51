"""Comings and goings of a segment: per day and cause, and how long customers stayed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from config.kit.batches import fetch
from config.kit.words import shop_zone
from users.reports import stored
from users.reports.periods import Period
from users.reports.stored import Found

DWELLS = (("day", 0, 1), ("week", 1, 7), ("month", 7, 30), ("quarter", 30, 90), ("longer", 90, 100_000))
"""How long somebody stayed: a name, from so many days (included) to so many (excluded)."""


@dataclass(frozen=True, slots=True)
class Moves:
    """How many entered and left on a day (shop zone) because of something."""

    day: date
    cause: str
    entered: int
    left: int


@dataclass(frozen=True, slots=True)
class Dwell:
    """How long customers stayed: those who left in the period, and those who are in it; medians in days."""

    left: dict[str, int]
    members: dict[str, int]
    median_left: float | None
    median_members: float | None
    as_of: datetime


# The runs of the period are few and known by their time; the log is indexed by segment and run.
_PER_DAY = """
SELECT (change.at AT TIME ZONE %(zone)s)::date::text, change.cause,
       count(*) FILTER (WHERE change.entered), count(*) FILTER (WHERE NOT change.entered)
FROM segments_membershipchange change
WHERE change.segment_id = %(segment)s
  AND change.run_id IN (SELECT id FROM segments_run WHERE now >= %(begin)s AND now < %(end)s)
GROUP BY 1, 2 ORDER BY 1, 2
"""

# A stay ends with a going; it began with the coming before it. Of who was in it before the log began nothing is known.
STAYS = """
SELECT customer_id, at AS left_at, extract(epoch FROM at - began) / 86400 AS days
FROM (
    SELECT customer_id, at, entered, lag(at) OVER story AS began, lag(entered) OVER story AS came
    FROM segments_membershipchange WHERE segment_id = %(segment)s
    WINDOW story AS (PARTITION BY customer_id ORDER BY at, run_id)
) AS story
WHERE NOT entered AND came AND at >= %(begin)s AND at < %(end)s
"""
INSIDE = """
SELECT customer_id, extract(epoch FROM %(now)s - entered_at) / 86400 AS days
FROM segments_membership WHERE segment_id = %(segment)s
"""

# Counted from the story of those who went in the period alone: the log of a large segment holds everybody's coming.
_STAYS_OF_THOSE = STAYS.replace(
    "WINDOW",
    """AND customer_id IN (
        SELECT customer_id FROM segments_membershipchange
        WHERE segment_id = %(segment)s AND NOT entered AND at >= %(begin)s AND at < %(end)s)
    WINDOW""",
)
_NAMES = [name for name, _least, _most in DWELLS]
_COUNTS = ", ".join(
    f"count(*) FILTER (WHERE days >= {least} AND days < {most})" for _name, least, most in DWELLS
)
_BANDS = f"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY days)::float8, {_COUNTS} FROM ({_STAYS_OF_THOSE}) AS stay"
_INSIDE_BY_RUN = f"SELECT days::float8, count(*) FROM ({INSIDE}) AS stay GROUP BY days ORDER BY days"


def moves_by_day(segment: int, period: Period, now: datetime) -> list[Moves]:
    """Every day and cause of the period with a coming or going, oldest first; as ``dwell`` as of some minutes ago."""
    bound = {"segment": segment, "zone": str(shop_zone()), "begin": period.begin, "end": period.end}
    told = _lately("moves", _PER_DAY, bound, now)
    return [Moves(date.fromisoformat(day), *counts) for day, *counts in told.rows]


def dwell(segment: int, period: Period, now: datetime) -> Dwell:
    """How long those stayed who left in the period, and how long the members have been in.

    In a large shop as of some minutes ago.
    """
    bound = {"segment": segment, "begin": period.begin, "end": period.end}
    stays = _lately("stays", _BANDS, bound, now)
    ((median_left, *left),) = stays.rows
    members, median_members = _members(
        _lately("members", _INSIDE_BY_RUN, {"segment": segment, "now": now}, now)
    )
    return Dwell(dict(zip(_NAMES, left, strict=True)), members, median_left, median_members, stays.as_of)


def _lately(name: str, statement: str, bound: dict[str, object], now: datetime) -> Found:
    asked = " ".join(str(value) for key, value in bound.items() if key != "now")
    return stored.lately(f"{name} {asked}", lambda: fetch(statement, bound), now, of=["segments_membership"])


def _members(told: Found) -> tuple[dict[str, int], float | None]:
    """The members by how long they have been in, and the median: they came in few runs, so a pass without a sort."""
    rows = [(days, n) for days, n in told.rows]
    found = {name: sum(n for days, n in rows if least <= days < most) for name, least, most in DWELLS}
    n = sum(n for _days, n in rows)
    if not n:
        return found, None
    middle = [_at(rows, place) for place in ((n - 1) // 2, n // 2)]
    return found, sum(middle) / 2


def _at(rows: Sequence[tuple[float, int]], place: int) -> float:
    """The value at a place (from 0) of a list whose values are counted, the smallest first."""
    for value, n in rows:
        if place < n:
            return value
        place -= n
    raise IndexError(place)
