"""The inbox's default business calendar, put in place once; operators change it afterwards."""

from typing import Any

from feedback.models import BusinessCalendar

WORKDAY = [["09:00", "12:00"], ["13:30", "18:00"]]


def seed(**_kwargs: Any) -> None:
    """Put the default calendar in place where there is none; harmless when repeated."""
    if not BusinessCalendar.objects.exists():
        BusinessCalendar.objects.create(name="Office hours", hours={str(day): WORKDAY for day in range(5)})
