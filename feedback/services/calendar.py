"""The inbox's calendar as it is set, ready for reckoning."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from feedback.models import BusinessCalendar
from feedback.sla import Hours, due_after


def hours_of(calendar: BusinessCalendar) -> Hours:
    """The calendar's hours in the shop's zone. Raises ValueError where they make no sense."""
    return Hours(
        zone=ZoneInfo(settings.SHOP_TIME_ZONE),
        spans={int(day): [(begin, end) for begin, end in spans] for day, spans in calendar.hours.items()},
        holidays=frozenset(date.fromisoformat(day) for day in calendar.holidays),
    )


def reply_due(at: datetime) -> datetime | None:
    """When a message that came ``at`` must be answered; None without a calendar, or when it never opens."""
    calendar = BusinessCalendar.objects.order_by("pk").first()
    if calendar is None:
        return None
    return due_after(hours_of(calendar), at, calendar.first_reply_minutes)
