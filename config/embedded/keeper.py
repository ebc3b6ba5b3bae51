"""Starts an embedded server again that ended: `make run` runs this beside the other processes.

What a server forgets by that is nothing that matters: PostgreSQL recovers what was committed, Redis holds no truth.
"""

import logging
import signal
import threading
from types import FrameType

from config.embedded import EmbeddedError, Servers

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two looks."""


def fallen(servers: Servers, *, postgres: bool, redis: bool) -> list[str]:
    """The names of servers that have no process any more; one that is only slow is left alone."""
    found = []
    if postgres and servers.postgres.process() is None:
        found.append("postgres")
    if redis and not servers.redis.listens():
        found.append("redis")
    return found


def keep(servers: Servers, *, postgres: bool, redis: bool, until: threading.Event) -> None:
    """Look until told to stop; a server that does not start is tried again at the next look."""
    while not until.wait(EVERY):
        names = fallen(servers, postgres=postgres, redis=redis)
        if not names or until.is_set():
            continue
        log.warning("embedded_server_ended", extra={"servers": names})
        try:
            servers.start(postgres="postgres" in names, redis="redis" in names)
        except EmbeddedError as problem:
            log.warning("embedded_server_does_not_start", extra={"problem": str(problem)[:300]})


def run(servers: Servers, *, postgres: bool, redis: bool) -> None:
    """Keep until a signal to end."""
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    keep(servers, postgres=postgres, redis=redis, until=stop)
