"""Celery's line to Redis, which passes over what is no message.

kombu ends the worker when something in a queue is no JSON or no envelope, and three ends in a row end `make run`.
"""

import logging
from typing import Any

from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as plain

log = logging.getLogger(__name__)


class Channel(plain.Channel):
    """Reads one message after the other."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # kombu's stubs leave it out
        except (ValueError, TypeError, LookupError, AttributeError) as problem:
            # It has been taken off the queue; whatever it was, rows say what is due.
            log.warning("rubbish_in_queue", extra={"problem": type(problem).__name__})
            return True


class Transport(plain.Transport):
    """Redis with such a channel."""

    Channel = Channel


def use() -> None:
    """From here on `redis://` means this transport."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"
