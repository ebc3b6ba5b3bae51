"""When something happened, from what a device with a clock of its own says."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any

from users.tracking.refusals import ItemRefused

TOLERANCE = timedelta(minutes=5)
"""How far ahead of us a clock may be."""
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Nothing a shop tells happened before; what a wrong clock moves beyond it is refused."""


_MIDNIGHT = re.compile(r"([^T ]{8,10}[T ])24(.*)")
_LEAP = re.compile(r"([^T ]{8,10}[T ]\d\d:?\d\d:?)60(.*)")


def parse(value: Any, field: str) -> datetime:
    """An ISO 8601 time; without a zone it is UTC. Raises ItemRefused ``bad_time``.

    The end of a day, 24:00:00, is the beginning of the next, and so is the leap second before it.
    """
    try:
        return _with_zone(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        moment = _behind_the_day(value) if isinstance(value, str) else None
    if moment is None:
        raise ItemRefused("bad_time", field)
    return moment


def _with_zone(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _behind_the_day(text: str) -> datetime | None:
    """What the two times mean that no day of Python's has; None for any other text."""
    try:
        if found := _MIDNIGHT.fullmatch(text):
            moment = _with_zone(datetime.fromisoformat(f"{found[1]}00{found[2]}"))
            return moment + timedelta(days=1) if moment.time() == time() else None
        if found := _LEAP.fullmatch(text):
            moment = _with_zone(datetime.fromisoformat(f"{found[1]}59{found[2]}")) + timedelta(seconds=1)
            # A leap second is the last of a day of UTC, whatever the clocks of a zone show then.
            return moment if moment.astimezone(UTC).time().replace(microsecond=0) == time() else None
    except (ValueError, OverflowError):
        return None
    return None


def occurred(told: datetime, *, slow: timedelta, received_at: datetime) -> tuple[datetime, bool]:
    """When it happened by our clock (UTC), and whether it had to be clamped to ``received_at``.

    ``slow``: how far the device's clock is behind ours, received − sent. So this is received − (sent − told):
    how long before the sending it happened is right even when the device's clock is not. More than five
    minutes in the future cannot be and is clamped. Raises ItemRefused ``bad_time`` for what would lie
    before 1990.
    """
    try:
        moment = told + slow
        if moment > received_at + TOLERANCE:
            return received_at, True
        if moment >= EARLIEST:
            return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)), False
    except OverflowError:
        if slow > timedelta():
            return received_at, True
    raise ItemRefused("bad_time", "timestamp")
