"""A customer checks in: once per date of their own zone, with a reward that grows with the streak."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import transaction

from growth import shop
from growth.earning import check_in_points_for
from growth.models import CheckIn, EntryKind
from growth.services import ledger
from growth.services.earn import grant
from users import facts
from users.models import Customer
from users.services import survivors
from users.services.activity import record_activity
from users.services.events import NewEvent
from users.services.touch import touch
from users.topics import TouchTopic


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """The check-in of a date; ``is_new`` is false when the customer had checked in before."""

    local_date: date
    streak: int
    points: int
    is_new: bool


@transaction.atomic
def check_in(customer: Customer, *, now: datetime) -> CheckedIn:
    """Check in for today; a second time on the same date answers what the first gave.

    It counts as activity: the stage moves with it.
    """
    customer_id = survivors.hold_one(customer.pk)
    ledger.hold([customer_id])
    today = local_date(customer, now)
    last = CheckIn.objects.filter(customer_id=customer_id).order_by("-local_date").first()
    if last is not None and last.local_date >= today:
        return CheckedIn(last.local_date, last.streak, last.points, is_new=False)
    streak = streak_on(today, last)
    points = _reward(streak)
    CheckIn.objects.create(customer_id=customer_id, local_date=today, at=now, streak=streak, points=points)
    key = f"checkin:{customer_id}:{today}"
    if points:
        grant(customer_id, points, key=key, kind=EntryKind.CHECK_IN, now=now)
    touch([customer_id], TouchTopic.POINTS)
    happened = {"local_date": today, "streak": streak}
    record_activity([NewEvent(customer_id, facts.CHECKED_IN, key, now, happened)], now=now)
    return CheckedIn(today, streak, points, is_new=True)


def local_date(customer: Customer, now: datetime) -> date:
    """The date at ``now`` in the customer's zone, else in the shop's."""
    try:
        zone = ZoneInfo(customer.time_zone or settings.SHOP_TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo(settings.SHOP_TIME_ZONE)
    return now.astimezone(zone).date()


def streak_on(today: date, last: CheckIn | None) -> int:
    """How many days in a row a check-in on ``today`` makes, given the last one before it."""
    unbroken = last is not None and last.local_date == today - timedelta(days=1)
    return last.streak + 1 if last is not None and unbroken else 1


def _reward(streak: int) -> int:
    return check_in_points_for(
        streak,
        daily=shop.check_in_points.get(),
        bonus=shop.check_in_bonus_points.get(),
        bonus_every=shop.check_in_bonus_every.get(),
    )
