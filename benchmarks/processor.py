"""Processor seconds of this process and of its database connection: what can be compared on a machine that other
work keeps busy, where the clock tells mostly how long one waited for a turn.
"""

import time
from contextlib import suppress
from pathlib import Path

from config.kit.batches import execute, fetch


class Meter:
    """Reads the processor time spent so far; the difference of two readings is what lay between them.

    Helpers that the database starts for a query are processes of their own, so they are switched off for the
    connection. Where the database's processes cannot be seen (another machine), only this process is counted.
    """

    def __init__(self) -> None:
        execute("SET max_parallel_workers_per_gather = 0")
        self._backend = Path(f"/proc/{fetch('SELECT pg_backend_pid()')[0][0]}/schedstat")

    def read(self) -> float:
        """Seconds of processor time up to now."""
        return time.process_time() + self._of_backend()

    def _of_backend(self) -> float:
        with suppress(OSError):
            return int(self._backend.read_text().split()[0]) / 1e9
        return 0.0
