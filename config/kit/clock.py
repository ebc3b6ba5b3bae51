"""The two clocks: business time for decisions, lease time for work in hand.

Business time is the database's ``now()`` plus an offset that is zero outside tests and demos, so that
every process agrees on it and a test can move it. An act reads it once and passes it on.
"""

from datetime import datetime, timedelta

from django.db import connection


def now() -> datetime:
    """Business time, UTC. Inside a transaction this is the instant at which the transaction began."""
    return _instant("SELECT business_now()")


def lease_now() -> datetime:
    """The bare database clock, UTC, for leases and heart-beats; no offset ever touches it."""
    return _instant("SELECT clock_timestamp()")


def set_offset(offset: timedelta) -> None:
    """Move business time to ``now() + offset``. For tests and the demo shop only."""
    with connection.cursor() as cursor:
        seconds = offset.total_seconds()
        cursor.execute("UPDATE users_clock SET ahead_by = make_interval(secs => %s)", [seconds])


def _instant(statement: str) -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        (instant,) = cursor.fetchone()
    assert isinstance(instant, datetime)
    return instant
