"""Every advisory lock of the product, in one place, so that no two mean different things."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection

_NAMESPACE = 0x5265  # "Re": keeps our locks apart from those of other users of the database


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
