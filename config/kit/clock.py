"""The two clocks: business time for decisions, lease time for work in hand.

Business time is the database's ``now()`` plus an offset that is zero outside tests and demos, so that
every process agrees on it and a test can move it. An act reads it once and passes it on.
"""

import time
from datetime import datetime, timedelta

from django.db import connection

COUNTED_SECONDS = 1.0
"""How long a process goes on counting from what the database last told it."""

_told: tuple[float, datetime] | None = None
"""This process's own clock, and the database's at that instant."""


def now() -> datetime:
    """Business time, UTC. Inside a transaction this is the instant at which the transaction began."""
    return _instant("SELECT business_now()")


def counted_now() -> datetime:
    """Business time, UTC, for the door, where a question to the database costs as much as the answer to a call.

    The database is asked once a second and this process's steady clock counts on from there, so it is behind
    by the way of that answer (well under a millisecond) and never ahead. Where business time was moved this
    is ``now``.
    """
    global _told  # noqa: PLW0603 - one memory per process is the point
    told = _told
    if told is not None and (passed := time.monotonic() - told[0]) < COUNTED_SECONDS:
        return told[1] + timedelta(seconds=passed)
    with connection.cursor() as cursor:
        cursor.execute("SELECT business_now(), business_now() = now()")
        instant, is_unmoved = cursor.fetchone()
    _told = (time.monotonic(), instant) if is_unmoved and not connection.in_atomic_block else None
    assert isinstance(instant, datetime)
    return instant


def lease_now() -> datetime:
    """The bare database clock, UTC, for leases and heart-beats; no offset ever touches it."""
    return _instant("SELECT clock_timestamp()")


def set_offset(offset: timedelta) -> None:
    """Move business time to ``now() + offset``. For tests and the demo shop only."""
    global _told  # noqa: PLW0603 - see counted_now
    _told = None
    with connection.cursor() as cursor:
        seconds = offset.total_seconds()
        cursor.execute("UPDATE users_clock SET ahead_by = make_interval(secs => %s)", [seconds])


def _instant(statement: str) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        (instant,) = cursor.fetchone()
    assert isinstance(instant, datetime)
    return instant
