"""Times of the demo shop: the day's curve in shop time, and how a storefront writes an instant."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from django.conf import settings

# Share of visits by hour of the shop's day, midnight first; in percent.
CURVE = (2, 1, 1, 1, 1, 1, 2, 3, 4, 5, 5, 5, 6, 5, 4, 4, 4, 5, 6, 8, 9, 8, 6, 4)


def shop_zone() -> ZoneInfo:
    """The zone in which the shop's days begin and end."""
    return ZoneInfo(settings.SHOP_TIME_ZONE)


def on_day(day: date, random: Random) -> datetime:
    """An instant of that shop day, drawn by the day's curve; UTC, whole seconds."""
    hour = random.choices(range(24), weights=CURVE)[0]
    local = datetime.combine(day, time(hour, random.randrange(60), random.randrange(60)), shop_zone())
    return local.astimezone(UTC)


def shop_day(instant: datetime) -> date:
    """The calendar day of the shop at that instant."""
    return instant.astimezone(shop_zone()).date()


def start_of(day: date) -> datetime:
    """The first instant of a shop day, UTC."""
    return datetime.combine(day, time(), shop_zone()).astimezone(UTC)


def share_of_day(begin: datetime, end: datetime) -> float:
    """How much of a day's visits falls between two instants, by the curve (1.0 for a whole day)."""
    share, at = 0.0, begin
    while at < end:
        local = at.astimezone(shop_zone())
        upto = min(
            end,
            at
            + timedelta(
                minutes=60 - local.minute,
                seconds=-local.second,
                microseconds=-local.microsecond,
            ),
        )
        share += CURVE[local.hour] / sum(CURVE) * (upto - at).total_seconds() / 3600
        at = upto
    return share


def iso(instant: datetime) -> str:
    """An instant as tracking calls carry it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
