"""The roll-ups behind the reports on stages and activity, and counting them again.

The recent ten days are counted every ten minutes, whatever happened to them meanwhile. An older day can still change
(late events, a visitor who turns out to be somebody, two customers joined), so all days are counted again once a day
and after long work, a slice of days at a time (``users.services.day_counts``); each row says when it was.
"""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min

from config.kit.batches import execute
from users.models import ActiveFigures, Customer, CustomerDay, StageFlow
from users.reports.figures import today_in_shop

RECENT = 10
AT_ONCE = 30
"""Days that one statement counts; with the 29 before them they are the bits of one number."""


@transaction.atomic
def count_days(now: datetime, *, first: date, last: date) -> None:
    """Count the moves and the active customers of the days from ``first`` to ``last`` (shop's zone) again."""
    yesterday = today_in_shop(now) - timedelta(days=1)
    values = {"now": now, "zone": settings.SHOP_TIME_ZONE, "spread_day": yesterday}
    while first <= last:
        until = min(first + timedelta(days=AT_ONCE - 1), last)
        span = values | {"first": first, "last": until}
        StageFlow.objects.filter(day__gte=first, day__lte=until).delete()
        execute(sql("stage_flows"), span)
        ActiveFigures.objects.filter(day__gte=first, day__lte=until).delete()
        execute(sql("active_days"), span)
        first = until + timedelta(days=1)


def count_all(now: datetime) -> None:
    """Count everything at once; for shops small enough for that, as the demo is."""
    count_days(now, first=min(earliest_day(), recent_since(now)), last=today_in_shop(now))


def recent_since(now: datetime) -> date:
    """The first of the recent days."""
    return today_in_shop(now) - timedelta(days=RECENT - 1)


def earliest_day() -> date:
    """The first day on which anybody was known or active; far ahead when there is nobody."""
    known = Customer.objects.aggregate(first=Min("first_seen_at"))["first"]
    active = CustomerDay.objects.aggregate(first=Min("day"))["first"]
    return min(today_in_shop(known) if known else date.max, active or date.max)


def counted_since() -> datetime | None:
    """When the day that was counted longest ago was counted; None before the first time."""
    counted: datetime | None = ActiveFigures.objects.aggregate(at=Min("computed_at"))["at"]
    return counted


def computed_at() -> datetime | None:
    """When the roll-ups were counted last; None before the first time."""
    counted: datetime | None = StageFlow.objects.aggregate(at=Max("computed_at"))["at"]
    return counted


@cache
def sql(name: str) -> str:
    """The text of a statement beside this file; parameters are named."""
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8")
