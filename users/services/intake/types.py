"""What a batch holds: the calls and event names in it, unknown names put on record."""

from dataclasses import dataclass
from datetime import datetime

from config.kit.batches import execute, fetch, temporary_table
from users.models import EventType

# Every worker and every rule form reads all names; thousands of them are a mistake in somebody's tag manager.
MOST_TYPES = 5_000


@dataclass(frozen=True, slots=True)
class Kinds:
    """The calls (track, page, identify, alias) and the event names of a batch.

    Known from one look at all items, so that nobody searches them for what is not among them.
    """

    calls: frozenset[str | None]
    names: frozenset[str | None]
    events: int
    """How many items are events: track calls and those that are read as such."""


def resolve(now: datetime) -> Kinds:
    """Make the temporary table ``intake_type``: name → id, for every event name of the batch.

    Names beyond MOST_TYPES get no type, and their items are refused.
    """
    found = fetch("SELECT type, name, count(*) FROM intake_item GROUP BY type, name")
    kinds = Kinds(
        calls=frozenset(call for call, _, _ in found),
        names=frozenset(name for _, name, _ in found),
        events=sum(items for _, name, items in found if name is not None),
    )
    names = [name for name in kinds.names if name is not None]
    temporary_table("intake_type", "name varchar(200), id smallint, is_internal boolean")
    if unknown := set(names) - {row[0] for row in _lay_out(names)}:
        _put_on_record(sorted(unknown), now)
        _lay_out(sorted(unknown))
    # Taken for a thousand names, it would be joined by sorting all items by name.
    execute("ANALYZE intake_type")
    return kinds


def _lay_out(names: list[str]) -> list[tuple[str]]:
    """Add the types of these names, as far as there are any; their names."""
    return fetch(
        "INSERT INTO intake_type (name, id, is_internal)"
        " SELECT name, id, is_internal FROM users_eventtype WHERE name = ANY(%s) RETURNING name",
        [names],
    )


def _put_on_record(names: list[str], now: datetime) -> None:
    """Names nobody has used yet; sorted, so that two workers put them on record in the same order."""
    room = MOST_TYPES - EventType.objects.count()
    EventType.objects.bulk_create(
        [EventType(name=name, first_seen_at=now) for name in names[: max(room, 0)]], ignore_conflicts=True
    )
