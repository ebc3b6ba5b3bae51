"""The registry of event handlers: what reacts to an event, here and in the apps above.

An app puts its handlers into ``event_handlers.py``; Django finds the module at start. A handler runs at
least once per event, in a transaction of its own together with the deletion of its outbox row, so it must
have a unique business key of its own, make no network call, and may raise: the row is tried again and
parked after some attempts.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Fact:
    """An event as a handler sees it. ``customer_id`` is the survivor where customers were joined."""

    customer_id: int
    message_id: str
    name: str
    occurred_at: datetime
    received_at: datetime
    confirmed: bool
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Handler:
    name: str
    events: tuple[str, ...]
    run: Callable[[Fact], None]


handlers: Registry[Handler] = Registry("event handler")
_by_event: dict[str, list[str]] = defaultdict(list)


def handles(*events: str, name: str) -> Callable[[Callable[[Fact], None]], Callable[[Fact], None]]:
    """Subscribe a function to events by name; ``name`` ("app.act") is stored in the outbox: keep it."""

    def subscribe(run: Callable[[Fact], None]) -> Callable[[Fact], None]:
        handlers.register(name, Handler(name, events, run))
        for event in events:
            _by_event[event].append(name)
        return run

    return subscribe


def handlers_of(event: str) -> list[str]:
    """Names of the handlers subscribed to an event name."""
    return list(_by_event.get(event, ()))


def subscribed_events() -> list[str]:
    """Event names that some handler subscribes to."""
    return list(_by_event)
