"""How long something may take: what it does not do by then is undone to its savepoint, and the rest goes on."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, transaction

from config.kit.batches import execute, fetch
from segments.services.snapshot import concerns_the_whole_run


@contextmanager
def until(instant: float) -> Iterator[None]:
    """Each statement inside is cut off at that instant of ``time.monotonic``. Inside a savepoint of the caller's.

    A failure takes the savepoint's settings back with it, so only success has to.
    """
    if instant == math.inf:
        yield
        return
    ((before,),) = fetch("SHOW statement_timeout")
    milliseconds = max(1, round((instant - time.monotonic()) * 1000))
    execute("SET LOCAL statement_timeout = %s", [milliseconds])
    yield
    execute("SET LOCAL statement_timeout = %s", [before])


def done_by(instant: float, act: Callable[[], object]) -> bool:
    """Whether ``act`` was done by then; where a statement of it fails or takes longer, nothing of it remains."""
    if time.monotonic() >= instant:
        return False
    try:
        with transaction.atomic(), until(instant):
            act()
    except DatabaseError as problem:
        if concerns_the_whole_run(problem):
            raise
        return False
    return True
