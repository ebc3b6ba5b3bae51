"""What the points of all customers come to: outstanding, coming in, going out, expiring."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings

from config.kit.batches import fetch
from growth.models import Level
from users.models import JobRun
from users.reports import stored

FLOW_DAYS = 30
MONTHS_AHEAD = 12


@dataclass(frozen=True, slots=True)
class Outstanding:
    """Points in the accounts of all customers."""

    active: int
    pending: int
    owed: int
    as_of: datetime


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


@dataclass(frozen=True, slots=True)
class Ladder:
    """Every level, the lowest first."""

    rows: Sequence[LevelRow]
    as_of: datetime


_OUTSTANDING = """
SELECT coalesce(sum(active), 0)::bigint, coalesce(sum(pending), 0)::bigint, coalesce(sum(debt), 0)::bigint
FROM growth_balance
"""

# The row without a level: all known customers.
_LADDER = """
SELECT level_id, count(*) FROM growth_customerlevel GROUP BY level_id
UNION ALL SELECT NULL, count(*) FROM users_customer WHERE erased_at IS NULL AND identified
"""

# The index on the instant holds every column of this: it reads only the entries of the window.
_FLOWS = """
SELECT (at AT TIME ZONE %(zone)s)::date::text,
       -coalesce(sum(amount) FILTER (WHERE account = 'issue' AND amount < 0), 0)::bigint,
       coalesce(sum(amount) FILTER (WHERE account = 'issue' AND amount > 0), 0)::bigint,
       coalesce(sum(amount) FILTER (WHERE account = 'redeem'), 0)::bigint,
       coalesce(sum(amount) FILTER (WHERE account = 'expire'), 0)::bigint
FROM growth_entry WHERE at >= %(since)s AND at <= %(now)s
GROUP BY 1
"""

_EXPIRING = """
SELECT date_trunc('month', expires_at AT TIME ZONE %(zone)s)::date::text, sum(remaining)::bigint
FROM growth_lot
WHERE state = 'active' AND remaining > 0 AND expires_at > %(now)s AND expires_at < %(until)s
GROUP BY 1 ORDER BY 1
"""


def outstanding(now: datetime) -> Outstanding:
    """The sums of all balances, in a large shop as of some minutes ago."""
    told = stored.lately("outstanding points", lambda: fetch(_OUTSTANDING), now, of=["growth_balance"])
    active, pending, owed = told.rows[0]
    return Outstanding(active, pending, owed, told.as_of)


def flows(now: datetime, *, today: date) -> list[FlowDay]:
    """The last 30 calendar days of the shop's zone, ``today`` last, empty days included."""
    days = [today - timedelta(days=back) for back in reversed(range(FLOW_DAYS))]
    values = {
        "zone": settings.SHOP_TIME_ZONE,
        "since": now - timedelta(days=FLOW_DAYS + 1),
        "now": now,
    }
    told = stored.lately("flows of points", lambda: fetch(_FLOWS, values), now, of=["growth_entry"])
    found = {day: FlowDay(date.fromisoformat(day), *points) for day, *points in told.rows}
    return [found.get(day.isoformat(), FlowDay(day, 0, 0, 0, 0)) for day in days]


def expiring(now: datetime) -> list[ExpiryMonth]:
    """The next months in which points expire."""
    until = now + timedelta(days=31 * MONTHS_AHEAD)
    values = {"zone": settings.SHOP_TIME_ZONE, "now": now, "until": until}
    told = stored.lately("expiring points", lambda: fetch(_EXPIRING, values), now, of=["growth_lot"])
    return [ExpiryMonth(date.fromisoformat(month), points) for month, points in told.rows]


def ladder(now: datetime) -> Ladder:
    """Every level with its customers; those who never earned stand on the lowest."""
    told = stored.lately("ladder of levels", lambda: fetch(_LADDER), now, of=["users_customer"])
    counts: dict[int | None, int] = {level: customers for level, customers in told.rows}
    without = counts.pop(None, 0) - sum(counts.values())
    levels = list(Level.objects.order_by("threshold"))
    rows = [
        LevelRow(level, counts.get(level.pk, 0) + (max(without, 0) if level == levels[0] else 0))
        for level in levels
    ]
    return Ladder(rows, told.as_of)


def last_check() -> JobRun | None:
    """The last finished check of the books."""
    done = JobRun.objects.filter(job="growth.check_books", finished_at__isnull=False, error="")
    return done.order_by("-started_at").first()
