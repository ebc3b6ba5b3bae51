"""What one customer has: points, level, check-ins."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from config.kit.batches import fetch
from growth.models import Account, Balance, CheckIn, CustomerLevel, Entry, Level
from growth.services import ledger
from growth.services.check_in import local_date
from users.models import Customer

CALENDAR_DAYS = 31


@dataclass(frozen=True, slots=True)
class Points:
    """One customer's points at an instant; ``balance`` is what can be spent."""

    balance: int = 0
    pending: int = 0
    owed: int = 0
    expiring: int = 0
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """One customer's place on the ladder; the next level is None at the top."""

    level: Level
    growth_value: int
    since: datetime | None
    judged_at: datetime | None
    next_level: Level | None

    @property
    def missing(self) -> int:
        """Growth value that is missing for the next level."""
        return max(self.next_level.threshold - self.growth_value, 0) if self.next_level else 0


@dataclass(frozen=True, slots=True)
class CheckInCalendar:
    """The check-ins of the last days, in the customer's own dates; ``streak`` is 0 once it is broken."""

    today: date
    done_today: bool
    streak: int
    dates: tuple[date, ...]


# Lots past their expiry stand in the balance until the sweep, but can no longer be spent.
_LOTS = """
SELECT coalesce(sum(remaining) FILTER (WHERE expires_at <= %(now)s), 0)::bigint,
       min(expires_at) FILTER (WHERE expires_at > %(now)s)
FROM growth_lot WHERE customer_id = %(customer)s AND state = 'active' AND remaining > 0
"""


def points_of(customer_id: int, now: datetime) -> Points:
    """The customer's points, with how many expire next and when."""
    balance = Balance.objects.filter(pk=customer_id).first()
    if balance is None:
        return Points()
    gone, expires_at = fetch(_LOTS, {"customer": customer_id, "now": now})[0]
    expiring = _expiring_at(customer_id, expires_at)
    return Points(balance.active - gone, balance.pending, balance.debt, expiring, expires_at)


def history_of(customer_id: int) -> "QuerySet[Entry]":
    """The entries of the customer's own accounts, also from before a join."""
    ours = (Account.PENDING, Account.ACTIVE, Account.DEBT)
    return Entry.objects.filter(customer_id__in=ledger.family(customer_id), account__in=ours)


def standing_of(customer_id: int) -> Standing | None:
    """The customer's level, the lowest for one who never earned; None in a shop without levels."""
    ladder = list(Level.objects.order_by("threshold"))
    row = CustomerLevel.objects.filter(pk=customer_id).first()
    if not ladder:
        return None
    level = next((level for level in ladder if row and level.pk == row.level_id), ladder[0])
    above = next((step for step in ladder if step.threshold > level.threshold), None)
    if row is None:
        return Standing(level, 0, None, None, above)
    return Standing(level, row.growth_value, row.since, row.judged_at, above)


def calendar_of(customer: Customer, now: datetime) -> CheckInCalendar:
    """The customer's check-ins of the last days."""
    today = local_date(customer, now)
    since = today - timedelta(days=CALENDAR_DAYS - 1)
    rows = list(CheckIn.objects.filter(customer_id=customer.pk, local_date__gte=since).order_by("local_date"))
    last = rows[-1] if rows else None
    unbroken = last is not None and last.local_date >= today - timedelta(days=1)
    return CheckInCalendar(
        today=today,
        done_today=last is not None and last.local_date >= today,
        streak=last.streak if last is not None and unbroken else 0,
        dates=tuple(row.local_date for row in rows),
    )


def _expiring_at(customer_id: int, expires_at: datetime | None) -> int:
    statement = """
        SELECT coalesce(sum(remaining), 0)::bigint FROM growth_lot
        WHERE customer_id = %s AND state = 'active' AND remaining > 0 AND expires_at = %s
    """
    return int(fetch(statement, [customer_id, expires_at])[0][0]) if expires_at else 0
