"""The event types a batch names, unknown ones put on record."""

from datetime import datetime

from config.kit.batches import execute, fetch, temporary_table
from users.models import EventType

# Every worker and every rule form reads all names; thousands of them are a mistake in somebody's tag manager.
MOST_TYPES = 5_000


def resolve(now: datetime) -> None:
    """Make the temporary table ``intake_type``: name → id, for every event name of the batch.

    Names beyond MOST_TYPES get no type, and their items are refused.
    """
    temporary_table("intake_type", "name text, id smallint, is_internal boolean")
    if unknown := _unknown():
        room = MOST_TYPES - EventType.objects.count()
        EventType.objects.bulk_create(
            [EventType(name=name, first_seen_at=now) for name in unknown[: max(room, 0)]],
            ignore_conflicts=True,
        )
    execute(
        "INSERT INTO intake_type (name, id, is_internal) SELECT name, type.id, type.is_internal"
        " FROM (SELECT DISTINCT name FROM intake_item) AS used JOIN users_eventtype type USING (name)"
    )


def _unknown() -> list[str]:
    """Names nobody has used yet, sorted so that two workers put them on record in the same order."""
    rows = fetch(
        "SELECT name FROM (SELECT DISTINCT name FROM intake_item WHERE name IS NOT NULL) AS used"
        " WHERE NOT EXISTS (SELECT FROM users_eventtype type WHERE type.name = used.name) ORDER BY name"
    )
    return [name for (name,) in rows]
