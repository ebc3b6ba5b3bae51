"""What the points of all customers come to: outstanding, coming in, going out, expiring."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Sum

from config.kit.batches import fetch
from growth.models import Balance, CustomerLevel, Level
from users.models import Customer, JobRun

FLOW_DAYS = 30
MONTHS_AHEAD = 12


@dataclass(frozen=True, slots=True)
class Outstanding:
    """Points in the accounts of all customers."""

    active: int
    pending: int
    owed: int


@dataclass(frozen=True, slots=True)
class FlowDay:
    """What was booked on one calendar day of the shop's zone."""

    day: date
    given: int
    taken_back: int
    spent: int
    expired: int


@dataclass(frozen=True, slots=True)
class ExpiryMonth:
    """Active points that expire in a calendar month of the shop's zone if nobody spends them."""

    month: date
    points: int


@dataclass(frozen=True, slots=True)
class LevelRow:
    """A step of the ladder and how many known customers stand on it."""

    level: Level
    customers: int


# The index on the instant holds every column of this: it reads only the entries of the window.
_FLOWS = """
SELECT (at AT TIME ZONE %(zone)s)::date,
       -coalesce(sum(amount) FILTER (WHERE account = 'issue' AND amount < 0), 0)::bigint,
       coalesce(sum(amount) FILTER (WHERE account = 'issue' AND amount > 0), 0)::bigint,
       coalesce(sum(amount) FILTER (WHERE account = 'redeem'), 0)::bigint,
       coalesce(sum(amount) FILTER (WHERE account = 'expire'), 0)::bigint
FROM growth_entry WHERE at >= %(since)s AND at <= %(now)s
GROUP BY 1
"""

_EXPIRING = """
SELECT date_trunc('month', expires_at AT TIME ZONE %(zone)s)::date, sum(remaining)::bigint
FROM growth_lot
WHERE state = 'active' AND remaining > 0 AND expires_at > %(now)s AND expires_at < %(until)s
GROUP BY 1 ORDER BY 1
"""


def outstanding() -> Outstanding:
    """The sums of all balances now."""
    sums = Balance.objects.aggregate(
        active=Sum("active", default=0), pending=Sum("pending", default=0), owed=Sum("debt", default=0)
    )
    return Outstanding(**sums)


def flows(now: datetime, *, today: date) -> list[FlowDay]:
    """The last 30 calendar days of the shop's zone, ``today`` last, empty days included."""
    days = [today - timedelta(days=back) for back in reversed(range(FLOW_DAYS))]
    since = now - timedelta(days=FLOW_DAYS + 1)
    rows = fetch(_FLOWS, {"zone": settings.SHOP_TIME_ZONE, "since": since, "now": now})
    found = {row[0]: FlowDay(*row) for row in rows}
    return [found.get(day, FlowDay(day, 0, 0, 0, 0)) for day in days]


def expiring(now: datetime) -> list[ExpiryMonth]:
    """The next months in which points expire."""
    until = now + timedelta(days=31 * MONTHS_AHEAD)
    rows = fetch(_EXPIRING, {"zone": settings.SHOP_TIME_ZONE, "now": now, "until": until})
    return [ExpiryMonth(month, points) for month, points in rows]


def ladder() -> list[LevelRow]:
    """Every level with its customers; those who never earned stand on the lowest."""
    counts: dict[int, int] = dict(
        fetch("SELECT level_id, count(*) FROM growth_customerlevel GROUP BY level_id")
    )
    without = Customer.objects.known().count() - CustomerLevel.objects.count()
    levels = list(Level.objects.order_by("threshold"))
    return [
        LevelRow(level, counts.get(level.pk, 0) + (max(without, 0) if level == levels[0] else 0))
        for level in levels
    ]


def last_check() -> JobRun | None:
    """The last finished check of the books."""
    done = JobRun.objects.filter(job="growth.check_books", finished_at__isnull=False, error="")
    return done.order_by("-started_at").first()
