"""One run at a time, over one unmoving picture of the data."""

from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, transaction

from config.kit.batches import execute

T = TypeVar("T")

ATTEMPTS = 3
SERIALIZATION_FAILURE = "40001"
# Negated lists of customers are looked up in a hash only while it fits; beyond that they are searched anew
# for every customer.
WORK_MEMORY = "256MB"


def in_snapshot(act: Callable[[], T]) -> T:
    """Run ``act`` in a REPEATABLE READ transaction of its own; the caller holds ``Lock.SEGMENT_RUN``.

    Done again when somebody else changed a row that the act writes, which is how a rebuild of a rule that
    is being edited gives way to the new version.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic(durable=True):
                execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                execute(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
                return act()
        except OperationalError as problem:
            if getattr(problem.__cause__, "pgcode", "") != SERIALIZATION_FAILURE or attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")
