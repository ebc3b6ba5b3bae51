"""Every advisory lock of the product, in one place, so that no two mean different things."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection

_NAMESPACE = 0x5265  # "Re": keeps our locks apart from those of other users of the database
WORKS = 0x5266  # the marks of long works under way, one per thing worked on


class Lock(IntEnum):
    """What a lock guards. A session holds at most one of these at a time."""

    SEGMENT_RUN = 1
    LIFECYCLE_RULE = 2
    DEMO = 3


def lock_for_transaction(lock: Lock) -> None:
    """Wait for ``lock`` and hold it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_NAMESPACE, int(lock)])


def try_lock_for_transaction(lock: Lock) -> bool:
    """Take ``lock`` until the transaction ends if it is free; whether it was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_NAMESPACE, int(lock)])
        return bool(cursor.fetchone()[0])


def mark_work(key: int) -> None:
    """Mark this transaction as the one at work on the thing ``key``, for ``is_at_work`` and ``call_off``."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [WORKS, key])


def call_off(key: int) -> bool:
    """Cancel the statement of the transaction at work on ``key``; whether there was one.

    It ends with SQLSTATE 57014 in that session, which has to look why. Cancelling may come a
    moment too late and hit the session's next work, so that one must bear being asked to begin again.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_cancel_backend(pid) {_HELD} AND pid <> pg_backend_pid()", [WORKS, key])
        return bool(cursor.fetchall())


def at_work() -> set[int]:
    """The keys of everything that is marked as being worked on now."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT objid::bigint {_HELD_ANY}", [WORKS])
        return {key for (key,) in cursor.fetchall()}


def is_held(lock: Lock) -> bool:
    """Whether some session holds ``lock`` now; for showing, not for deciding."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT {_HELD})", [_NAMESPACE, int(lock)])
        return bool(cursor.fetchone()[0])


_HELD_ANY = """
    FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND classid::bigint = %s
"""
_HELD = f"{_HELD_ANY} AND objid::bigint = %s"


@contextmanager
def session_lock(lock: Lock, *, wait: bool = True) -> Iterator[bool]:
    """Hold ``lock`` across transactions; yields whether it was taken (always true with ``wait``).

    Taken before a REPEATABLE READ snapshot begins, so that the snapshot is never older than the lock.
    """
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [_NAMESPACE, int(lock)])
            taken = True
        else:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_NAMESPACE, int(lock)])
            taken = bool(cursor.fetchone()[0])
    try:
        yield taken
    finally:
        if taken and connection.connection is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_NAMESPACE, int(lock)])
