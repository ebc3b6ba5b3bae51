"""One run at a time, over one unmoving picture of the data."""

from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, OperationalError, transaction

from config.kit.batches import execute

T = TypeVar("T")

ATTEMPTS = 3
SERIALIZATION_FAILURE = "40001"
CANCELLED = "57014"
# Negated lists of customers are looked up in a hash only while it fits; beyond that they are searched anew
# for every customer.
WORK_MEMORY = "256MB"


def in_snapshot(act: Callable[[], T], *, attempts: int = ATTEMPTS) -> T:
    """Run ``act`` in a REPEATABLE READ transaction of its own; the caller holds ``Lock.SEGMENT_RUN``.

    Done again when somebody else changed a row that the act writes, or called the act off because its rule
    was edited: the next attempt reads the new version. A statement that ran into its time limit is no such case.
    """
    for attempt in range(1, attempts + 1):
        try:
            with transaction.atomic(durable=True):
                execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                execute(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
                return act()
        except OperationalError as problem:
            if not is_to_begin_again(problem) or attempt == attempts:
                raise
    raise AssertionError("unreachable")


def was_called_off(problem: BaseException) -> bool:
    """Whether somebody cancelled the statement; a statement past its time limit has the same code."""
    return code_of(problem) == CANCELLED and "statement timeout" not in str(problem)


def took_too_long(problem: BaseException) -> bool:
    """Whether a statement ran into its time limit."""
    return code_of(problem) == CANCELLED and not was_called_off(problem)


def is_to_begin_again(problem: BaseException) -> bool:
    """Whether an edit, or another writer of the same row, came in between."""
    return code_of(problem) == SERIALIZATION_FAILURE or was_called_off(problem)


def code_of(problem: BaseException) -> str:
    """PostgreSQL's code of what went wrong (SQLSTATE); empty where there is none."""
    return str(getattr(problem.__cause__, "pgcode", "") or "")


def concerns_the_whole_run(problem: Exception) -> bool:
    """Whether going on with the next segment is out of the question.

    Serialization failures and deadlocks (40…) concern the transaction, not the segment in hand; so does being
    called off; and after a lost connection (08…, 57P…, or no code at all) there is nothing to go on with.
    """
    if not isinstance(problem, DatabaseError):
        return False
    code = code_of(problem)
    if was_called_off(problem):
        return True
    lost = isinstance(problem, OperationalError) and not code
    return lost or code.startswith(("40", "08", "57P"))
