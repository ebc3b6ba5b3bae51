"""Moving business time in tests; the database's own clock, which leases use, stays where it is."""

from datetime import datetime, timedelta

from django.db import connection

from config.kit import clock


def move(by: timedelta) -> datetime:
    """Move business time ahead (or back) by that much; the new now."""
    return move_to(clock.now() + by)


def move_to(instant: datetime) -> datetime:
    """Move business time to about that instant; the new now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        (bare,) = cursor.fetchone()
    clock.set_offset(instant - bare)
    return clock.now()
