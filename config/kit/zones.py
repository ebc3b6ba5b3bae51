"""Time zones: the shop's, a customer's, and the names that this machine knows."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings


def shop_zone() -> ZoneInfo:
    """The zone of calendar days in reports and rules, and of customers who have none."""
    return ZoneInfo(settings.SHOP_TIME_ZONE)


@cache
def zone_names() -> frozenset[str]:
    """Every zone this machine knows; asking the system walks hundreds of files, so it is asked once."""
    return frozenset(available_timezones())


def zone_of(name: str) -> ZoneInfo:
    """The customer's zone; the shop's where it is unknown."""
    return ZoneInfo(name) if name in zone_names() else shop_zone()
