"""Instants at which a zone's calendar does something, and a shop put into that zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from tests import oracle

ZONES = ("Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia")
# The night to summer time and the one back; the day that Samoa left out when it crossed the date line.
TURNS = {
    "Europe/Berlin": (
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 22, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    ),
    "Pacific/Apia": (
        datetime(2011, 12, 30, 10, 0, tzinfo=UTC),
        datetime(2011, 12, 31, 9, 59, 59, 999999, tzinfo=UTC),
        datetime(2021, 4, 3, 14, 0, tzinfo=UTC),
    ),
}


def instants_of(zone: str) -> list[datetime]:
    """Leap days, year's end to the microsecond, the first and last of months, changes of the clock."""
    here = ZoneInfo(zone)

    def local(day: date, hour: int = 0, minute: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute), here).astimezone(UTC)

    tick = timedelta(microseconds=1)
    return [
        local(date(2026, 5, 14), 15, 30),
        local(date(2026, 2, 28), 10),
        local(date(2024, 2, 29), 10),
        local(date(2024, 2, 29)),
        local(date(2026, 1, 1)) - tick,
        local(date(2026, 1, 1)),
        local(date(2026, 3, 2)),
        *TURNS.get(zone, ()),
    ]


def open_in(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the product and the oracle count days in ``zone``."""
    monkeypatch.setattr(settings, "SHOP_TIME_ZONE", zone)
    monkeypatch.setattr(oracle, "ZONE", ZoneInfo(zone))
