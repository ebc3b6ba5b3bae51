"""A dispatcher in a process group of its own, on the test's database and mail server, to be killed."""

import os
import signal
from collections.abc import Callable

from django.db import connection

from campaigns.services.dispatch import dispatch


def start_dispatcher(*, seconds: float = 60) -> int:
    """Start one; its process id, which is its group's too. A fork, so that a test can afford many."""
    return in_own_process(lambda: dispatch(seconds=seconds))


def in_own_process(act: Callable[[], object]) -> int:
    """Run ``act`` in a forked process with a database connection of its own."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        # The parent's connection stays the parent's: libpq closes it only in the process that opened it.
        connection.connection = None
        act()
    finally:
        os._exit(0)


def kill(pid: int) -> None:
    """kill -9 of its whole process group."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
