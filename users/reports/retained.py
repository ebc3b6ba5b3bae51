"""Retained users = Σ over channels (users × day-30 "on or after" retention of the channel) (definitions.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from users.reports import cohorts, stored
from users.reports.cohorts import OTHER, Grain, Start, Whom
from users.reports.figures import today_in_shop
from users.reports.periods import Period, read_period
from users.reports.sql import statement

DAYS = 30


@dataclass(frozen=True, slots=True)
class Part:
    """Users of one channel: how many began, how many of them have had day 30, how many were active since."""

    value: str | None
    users: int
    old_enough: int
    retained: int

    @property
    def share(self) -> float | None:
        """The day-30 "on or after" retention so far."""
        return self.retained / self.users if self.users else None


@dataclass(frozen=True, slots=True)
class Retained:
    """The parts, largest first, and the same counted directly over everybody."""

    start: Start
    period: Period
    whom: Whom
    parts: Sequence[Part]
    direct: Part
    as_of: datetime

    @property
    def total(self) -> int:
        """The sum of the parts."""
        return sum(part.retained for part in self.parts)


def read_span(asked: Mapping[str, str], now: datetime) -> Period:
    """The days on which the users began: by default those whose day 30 has just passed, or as chosen by hand."""
    period = read_period(asked, now, default=90)
    if (period.first.isoformat(), period.last.isoformat()) == (asked.get("from"), asked.get("to")):
        return period
    return Period(period.first - timedelta(days=DAYS), period.last - timedelta(days=DAYS))


def compute(start: Start, period: Period, whom: Whom, now: datetime) -> Retained:
    """All parts in one statement, with the direct count beside them."""
    text, values = cohorts.members(start, whom, period, grain=Grain.DAY, unit=Grain.DAY)
    told = stored.rows(
        statement("retained").format(members=text),
        {**values, "days": DAYS, "old_enough": today_in_shop(now) - timedelta(days=DAYS)},
        now,
        keeps=whom.has_plain_values,
    )
    parts = [Part(value, *figures) for value, level, *figures in told.rows if level == 0]
    parts.sort(key=lambda part: (part.value == OTHER, -part.retained, -part.users, part.value or ""))
    direct = next(Part(None, *figures) for _value, level, *figures in told.rows if level == 1)
    return Retained(start, period, whom, parts, direct, told.as_of)
