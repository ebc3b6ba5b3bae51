"""The names of events: how often each was told, and when last."""

from dataclasses import dataclass
from datetime import datetime

from config.kit.batches import fetch
from users.reports.sql import statement

MOST_COUNTED = 10_000
"""Events of one name are counted up to here: what comes after is "more", and counting stays cheap in a large shop."""


@dataclass(frozen=True, slots=True)
class EventName:
    """A name; ``last_seen_at`` null: none is held any more."""

    name: str
    events: int
    is_more: bool
    first_seen_at: datetime
    last_seen_at: datetime | None
    is_activity: bool
    is_internal: bool


def event_names() -> list[EventName]:
    """Every name, in the order of the alphabet."""
    return [EventName(*row) for row in fetch(statement("event_names"), {"most": MOST_COUNTED})]
