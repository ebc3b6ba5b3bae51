"""Values in use, for the inputs of the builder: of fields, attributes and events' properties, with how often."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Q

from config.kit.batches import fetch
from config.kit.refusal import Refusal
from segments.registry import Field
from segments.rules.as_of import AsOf
from segments.rules.conditions.field import value_of
from segments.segment_fields.categories import CATEGORY
from segments.services.preview import within_seconds
from users.models import Customer

OFFERED = 50
LAST = 3_000
NEWEST, MOST_COUNTED = 30_000, 1_000
SECONDS, KEPT_SECONDS = 2, 600

# The last few thousand rows only: a slice of the index by type and time, and the newest customers by id. The type is
# looked up first: joined, it has the planner read and sort every event (18 s at 20 million, this way 0.02).
EVENT_VALUES = """
SELECT found.value::json, count(*) FROM (
    SELECT event.properties #> %(path)s::text[] AS value
    FROM users_event event
    WHERE event.type_id = (SELECT id FROM users_eventtype WHERE name = %(event)s)
    ORDER BY event.occurred_at DESC LIMIT %(last)s
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
    """A value to offer; ``count``: how many of the last rows, or of the newest customers, have it."""

    value: Any
    label: str
    count: int


def event_values(event: str, path: Sequence[str], typed: str) -> list[Offer]:
    """Values of a property of the last events of that name that contain what was typed, most frequent first."""
    return _offers(EVENT_VALUES, path, typed, event=event)


def attribute_values(path: Sequence[str], typed: str) -> list[Offer]:
    """Values of a custom attribute among the newest customers, most frequent first."""
    return _offers(ATTRIBUTE_VALUES, path, typed)


def field_values(field: Field, typed: str, now: datetime) -> list[Offer]:
    """What may be asked of a field, with how many of the newest customers have it, most frequent first.

    A tree of categories keeps its order. What only older customers have is offered without a figure.
    """
    counts = counts_of(field, now)
    if field.choices is not None:
        return [Offer(value, str(title), counts.get(value, 0)) for value, title in field.choices().items()]
    known = list(field.suggest(typed)) if field.suggest else []
    if field.kind is not CATEGORY:
        wanted = typed.casefold()
        common = [value for value in counts if wanted in value.casefold()]
        known = list(dict.fromkeys([*common, *known]))[:OFFERED]
    return [Offer(value, value, counts.get(value, 0)) for value in known]


def counts_of(field: Field, now: datetime) -> dict[str, int]:
    """How many of the newest customers have each value, most frequent first; kept for ten minutes.

    Empty for a field whose values nobody chooses from, and where counting takes too long.
    """
    if field.suggest is None and field.choices is None:
        return {}
    key = f"segments:values:{field.name}"
    found: dict[str, int] | None = cache.get(key)
    if found is None:
        try:
            with within_seconds(SECONDS):
                found = _counted(field, AsOf(now, everybody=False))
        except Refusal:
            found = {}
        cache.set(key, found, KEPT_SECONDS)
    return found


def _counted(field: Field, as_of: AsOf) -> dict[str, int]:
    newest = Customer.objects.filter(erased_at=None).order_by("-pk").values("pk")[:NEWEST]
    rows = Customer.objects.filter(pk__in=newest).annotate(asked=value_of(field, as_of))
    by_value = rows.exclude(Q(asked=None) | Q(asked="")).order_by().values("asked").annotate(n=Count("pk"))
    most = by_value.order_by("-n", "asked").values_list("asked", "n")[:MOST_COUNTED]
    return {str(value): n for value, n in most}


def _offers(statement: str, path: Sequence[str], typed: str, **more: str) -> list[Offer]:
    asked = {"path": list(path), "typed": typed, "last": LAST, "offered": OFFERED, **more}
    return [Offer(value, _label(value), count) for value, count in fetch(statement, asked)]


def _label(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
