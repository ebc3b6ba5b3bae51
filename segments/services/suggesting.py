"""Values in use, for the inputs of the builder: of attributes and of events' properties, with how often."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from config.kit.batches import fetch

OFFERED = 50
LAST = 3_000

# The last few thousand rows only: a slice of the index by type and time, and the newest customers by id.
EVENT_VALUES = """
SELECT found.value::json, count(*) FROM (
    SELECT event.properties #> %(path)s::text[] AS value
    FROM users_event event JOIN users_eventtype kind ON kind.id = event.type_id
    WHERE kind.name = %(event)s ORDER BY event.occurred_at DESC LIMIT %(last)s
) found
WHERE jsonb_typeof(found.value) IN ('string', 'number', 'boolean')
    AND strpos(lower(found.value #>> '{}'), lower(%(typed)s)) > 0 AND length(found.value #>> '{}') <= 200
GROUP BY found.value ORDER BY 2 DESC, found.value LIMIT %(offered)s
"""
ATTRIBUTE_VALUES = """
SELECT found.value::json, count(*) FROM (
    SELECT attributes #> %(path)s::text[] AS value FROM users_customer
    WHERE erased_at IS NULL AND attributes <> '{}' ORDER BY id DESC LIMIT %(last)s
) found
WHERE jsonb_typeof(found.value) IN ('string', 'number', 'boolean')
    AND strpos(lower(found.value #>> '{}'), lower(%(typed)s)) > 0 AND length(found.value #>> '{}') <= 200
GROUP BY found.value ORDER BY 2 DESC, found.value LIMIT %(offered)s
"""


@dataclass(frozen=True, slots=True)
class Offer:
    """A value to offer; ``count``: how many of the last rows have it."""

    value: Any
    label: str
    count: int


def event_values(event: str, path: Sequence[str], typed: str) -> list[Offer]:
    """Values of a property of the last events of that name that contain what was typed, most frequent first."""
    return _offers(EVENT_VALUES, path, typed, event=event)


def attribute_values(path: Sequence[str], typed: str) -> list[Offer]:
    """Values of a custom attribute among the newest customers, most frequent first."""
    return _offers(ATTRIBUTE_VALUES, path, typed)


def _offers(statement: str, path: Sequence[str], typed: str, **more: str) -> list[Offer]:
    asked = {"path": list(path), "typed": typed, "last": LAST, "offered": OFFERED, **more}
    return [Offer(value, _label(value), count) for value, count in fetch(statement, asked)]


def _label(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
