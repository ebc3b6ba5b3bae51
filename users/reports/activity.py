"""Activity: customers active a day, in 7 and in 30 days, stickiness, active rate, the spread of active days.

Read from the roll-up by day and channel: channels share no customer, so their figures add up.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Max, QuerySet, Sum

from users.models import ActiveFigures
from users.phase import Phase
from users.phases import PHASE
from users.reports import stored
from users.reports.cohorts import bound, named
from users.reports.periods import Period

MONTH = 30
SPREAD_DAYS = 28


@dataclass(frozen=True, slots=True)
class ActiveDay:
    """One day of the shop: customers active that day, in the 7 and the 30 days ending with it; all known by then.

    ``mean``: the mean of the daily figure over those 30 days, in customers.
    """

    day: date
    active: int
    weekly: int
    monthly: int
    known: int
    mean: float

    @property
    def stickiness(self) -> float | None:
        """Mean day / 30 days."""
        return self.mean / self.monthly if self.monthly else None

    @property
    def rate(self) -> float | None:
        """The share of all known customers active in the 30 days."""
        return self.monthly / self.known if self.known else None


@dataclass(frozen=True, slots=True)
class Spread:
    """Customers by the number of days on which they were active, of the 28 ending with ``day``."""

    day: date
    customers: dict[int, int]

    @property
    def n(self) -> int:
        """Customers active at least once."""
        return sum(self.customers.values())


@dataclass(frozen=True, slots=True)
class Phases:
    """The identified customers in each relationship phase."""

    customers: dict[Phase, int]
    as_of: datetime


def active_days(period: Period, *, channel: str | None = None, visitors: bool = False) -> list[ActiveDay]:
    """Every day of the period, oldest first. ``channel``: of one upper-level channel ("" : not known) only."""
    first = period.first - timedelta(days=MONTH - 1)
    rows = (
        _rows(channel, visitors)
        .filter(day__gte=first, day__lte=period.last)
        .values("day")
        .annotate(
            active_sum=Sum("active"),
            weekly_sum=Sum("weekly"),
            monthly_sum=Sum("monthly"),
            known_sum=Sum("known"),
        )
    )
    found = {
        row["day"]: (row["active_sum"], row["weekly_sum"], row["monthly_sum"], row["known_sum"])
        for row in rows
    }
    nothing = (0, 0, 0, 0)
    days = []
    for number in range(period.days):
        day = period.first + timedelta(days=number)
        month = [found.get(day - timedelta(days=back), nothing)[0] for back in range(MONTH)]
        days.append(ActiveDay(day, *found.get(day, nothing), mean=sum(month) / MONTH))
    return days


def spread(*, channel: str | None = None, visitors: bool = False) -> Spread | None:
    """On how many of the last 28 whole days customers were active; None before the first count."""
    counted = ActiveFigures.objects.filter(spread__isnull=False)
    day = counted.aggregate(day=Max("day"))["day"]
    if day is None:
        return None
    customers: Counter[int] = Counter()
    for one in _rows(channel, visitors).filter(day=day).values_list("spread", flat=True):
        for days, number in (one or {}).items():
            customers[int(days)] += number
    return Spread(day, {days: customers[days] for days in range(1, SPREAD_DAYS + 1)})


def phases(now: datetime) -> Phases:
    """The identified customers in each relationship phase. One pass over all of them."""
    told = stored.answer(phases_question(), now)
    found = {phase: customers for phase, customers in told.rows}
    return Phases({phase: found.get(phase.value, 0) for phase in Phase}, told.as_of)


def phases_question() -> stored.Question:
    """What ``phases`` asks; parts of the customers add up."""
    statement = f"""
        SELECT {named(PHASE)}, count(*)
        FROM users_standing standing JOIN users_customer customer ON customer.id = standing.customer_id
        WHERE customer.identified AND customer.erased_at IS NULL
          AND customer.id BETWEEN %(from_id)s AND %(to_id)s
        GROUP BY 1
        """
    return stored.Question(statement, bound(PHASE), sums=1)


def _rows(channel: str | None, visitors: bool) -> "QuerySet[ActiveFigures]":
    rows = ActiveFigures.objects.all() if visitors else ActiveFigures.objects.filter(identified=True)
    return rows if channel is None else rows.filter(channel=channel)
