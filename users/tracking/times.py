"""When something happened, from what a device with a clock of its own says."""

from datetime import UTC, datetime, timedelta
from typing import Any

from users.tracking.refusals import ItemRefused

TOLERANCE = timedelta(minutes=5)
"""How far ahead of us a clock may be."""
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Nothing a shop tells happened before; what a wrong clock moves beyond it is refused."""


def parse(value: Any, field: str) -> datetime:
    """An ISO 8601 time; without a zone it is UTC. Raises ItemRefused ``bad_time``."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ItemRefused("bad_time", field) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


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
