"""Putting what identify calls say of customers on record, many at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from config.kit.batches import copy_rows, execute, fetch, temporary_table
from users.models import ChangedProfile
from users.profile import TRAITS, Profile
from users.services.touch import touch
from users.topics import TouchTopic

COLUMNS = tuple(dict.fromkeys(trait.column for trait in TRAITS.values()))
JSON_COLUMNS = frozenset({"interests", "attributes", "told_at"})
SQL_TYPES = {
    "birthday": "date", "registered_at": "timestamptz", "is_invented": "boolean", "no_profiling": "boolean",
    "interests": "jsonb", "attributes": "jsonb", "told_at": "jsonb",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What one identify call says of one customer; ``guesses``: columns that follow where nobody tells them."""

    customer_id: int
    at: datetime
    traits: Mapping[str, Any]
    guesses: Mapping[str, Any] = field(default_factory=dict)


def hear(told: Iterable[Told], *, oldest_trigger: datetime) -> int:
    """Add identify calls to the profiles, in the caller's transaction; how many traits were ignored.

    What was told before ``oldest_trigger`` is history. The customers' Standing rows must be locked.
    """
    calls = list(told)
    if not calls:
        return 0
    profiles = _profiles({call.customer_id for call in calls})
    for call in calls:
        profiles[call.customer_id].hear(call.traits, call.at)
        for column, value in call.guesses.items():
            profiles[call.customer_id].suggest(column, value, call.at)
    _write({pk: profile for pk, profile in profiles.items() if profile.changed})
    changed = {pk for pk, profile in profiles.items() if profile.changed - {"told_at"}}
    live = {call.customer_id for call in calls if call.at >= oldest_trigger}
    touch(changed & live, TouchTopic.PROFILE)
    touch(changed - live, TouchTopic.PROFILE, is_history=True)
    return sum(profile.ignored for profile in profiles.values())


def absorb(joins: Mapping[int, int]) -> None:
    """Add the profiles of absorbed customers to their survivors' (absorbed → survivor)."""
    profiles = _profiles({*joins, *joins.values()})
    for absorbed, survivor in joins.items():
        profiles[survivor].absorb(profiles[absorbed])
    _write({pk: profiles[pk] for pk in set(joins.values()) if profiles[pk].changed})


def on_record(customer_ids: Iterable[int]) -> dict[int, Profile]:
    """The profiles of customers as told so far."""
    return _profiles(set(customer_ids))


def write_back(profiles: Mapping[int, Profile]) -> None:
    """Put changed profiles on record; the customers' Standing rows must be locked."""
    changed = {pk: profile for pk, profile in profiles.items() if profile.changed}
    _write(changed)
    touch(changed, TouchTopic.PROFILE)


def profiles_of(customer_ids: set[int]) -> dict[int, Profile]:
    """The profiles as they are; changing them changes nothing on record."""
    return _profiles(customer_ids)


def _profiles(customer_ids: set[int]) -> dict[int, Profile]:
    columns = ", ".join(f"{name}::text" if name in JSON_COLUMNS else name for name in COLUMNS)
    rows = fetch(
        f"SELECT id, attributes::text, told_at::text, {columns} FROM users_customer WHERE id = ANY(%s)",
        [sorted(customer_ids)],
    )
    found = {}
    for pk, attributes, told_at, *values in rows:
        told = dict(zip(COLUMNS, values, strict=True))
        told |= {name: orjson.loads(told[name]) for name in JSON_COLUMNS & told.keys()}
        found[pk] = Profile(columns=told, attributes=orjson.loads(attributes), told_at=orjson.loads(told_at))
    return found


def _write(profiles: Mapping[int, Profile]) -> None:
    if not profiles:
        return
    columns = [*COLUMNS, "attributes", "told_at"]
    temporary_table(
        "told_profile",
        "id bigint, "
        + ", ".join(f"{name} {SQL_TYPES.get(name, 'text')}" for name in columns)
        + ", is_news boolean",
    )
    copy_rows(
        "told_profile", ["id", *columns, "is_news"], (_row(pk, profile) for pk, profile in profiles.items())
    )
    # What is only told again leaves changed_at, which is indexed, as it was: such an update stays cheap.
    execute(
        f"UPDATE users_customer customer SET {', '.join(f'{name} = told.{name}' for name in columns)},"
        " changed_at = CASE WHEN told.is_news THEN business_now() ELSE customer.changed_at END"
        " FROM told_profile told WHERE customer.id = told.id"
    )
    attributed = [(pk,) for pk, profile in profiles.items() if "attributes" in profile.changed]
    copy_rows(ChangedProfile._meta.db_table, ("customer_id",), attributed)


def _row(pk: int, profile: Profile) -> list[Any]:
    values = {
        **profile.columns,
        "attributes": profile.attributes,
        "told_at": profile.told_at,
    }
    names = (*COLUMNS, "attributes", "told_at")
    told = (orjson.dumps(values[name]).decode() if name in JSON_COLUMNS else values[name] for name in names)
    return [pk, *told, bool(profile.changed - {"told_at"})]
