"""Taking customers back: those that an import made are removed where nothing has happened to them since, the
others get back the profile they had."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from config.kit.batches import execute, fetch
from config.kit.registry import Registry
from users.models import (
    ContactPoint,
    Customer,
    CustomerValue,
    FirstTouch,
    Identity,
    ImportRow,
    StageMove,
    Standing,
    Touched,
)
from users.services import news, profile, stages
from users.services.imports import people
from users.services.imports.kinds import Batch, Written
from users.services.touch import touch
from users.topics import TouchTopic


@dataclass(frozen=True, slots=True)
class Made:
    """A customer that row ``no`` made."""

    no: int
    customer_id: int | None
    before: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Follows:
    """Tables that only follow from others and go with a customer; ``remove`` empties them.

    ``named`` says for whom of them a row was somebody's act after all: they stay.
    """

    models: tuple[type[Model], ...]
    remove: Callable[[list[int]], object]
    named: Callable[[list[int]], set[int]] = lambda _ids: set()


followers: Registry[Follows] = Registry("tables that follow a customer")  # lent by the apps above
OWN = (ContactPoint, CustomerValue, FirstTouch, Identity, Standing, StageMove, Touched, ImportRow)


def take_out(made: Sequence[Made], batch: Batch) -> dict[int, str]:
    """Remove customers that were made, unless something has happened to them since; those left, and why."""
    if not made:
        return {}
    ids = [one.customer_id for one in made if one.customer_id]
    alive = set(stages.lock(ids))
    told = {one.customer_id: one.before for one in made}
    used = _used(sorted(alive)) | _told_more(sorted(alive), batch) | _reached_more(sorted(alive), told)
    left: dict[int, str] = {}
    gone: list[int] = []
    for one in made:
        if one.customer_id is None or one.customer_id not in alive:
            left[one.no] = "gone"
        elif one.customer_id in used:
            left[one.no] = "touched"
        else:
            gone.append(one.customer_id)
    remove(gone)
    return left


def remove(ids: list[int]) -> None:
    """Remove customers to whom nothing belongs but what follows from their being there."""
    if not ids:
        return
    for one in followers:
        one.remove(ids)
    for model in (ContactPoint, CustomerValue, FirstTouch, Identity, StageMove, Standing, Touched):
        model.objects.filter(customer__in=ids).delete()
    ImportRow.objects.filter(customer__in=ids).update(customer=None)
    execute("DELETE FROM users_customer WHERE id = ANY(%s)", [ids])


def _used(ids: list[int]) -> set[int]:
    """Customers of whom some table holds a row that an import of customers does not write."""
    quiet = {*OWN, *(model for one in followers for model in one.models)}
    used: set[int] = set().union(*(one.named(ids) for one in followers))
    for relation in Customer._meta.related_objects:
        model = relation.related_model
        if isinstance(model, str) or model in quiet or not relation.field.concrete:
            continue
        column = relation.field.column
        rows = fetch(
            f'SELECT DISTINCT "{column}" FROM "{model._meta.db_table}" WHERE "{column}" = ANY(%s)', [ids]
        )
        used |= {customer_id for (customer_id,) in rows}
    return used


def _told_more(ids: list[int], batch: Batch) -> set[int]:
    """Customers of whose profile or first touch something was told at another instant than the file's."""
    later = FirstTouch.objects.filter(customer__in=ids).exclude(at=batch.told)
    rows = fetch(
        "SELECT id FROM users_customer WHERE id = ANY(%s) AND EXISTS (SELECT FROM jsonb_each_text(told_at) AS told"
        " WHERE told.value <> %s)",
        [ids, batch.told.isoformat()],
    )
    return {customer_id for (customer_id,) in rows} | set(later.values_list("customer_id", flat=True))


def _reached_more(ids: list[int], told: dict[int | None, dict[str, Any]]) -> set[int]:
    """Customers with an address that the file did not tell, or to which something has happened."""
    rows = fetch(
        "SELECT customer_id, channel, address, state, changed_at FROM users_contactpoint WHERE customer_id = ANY(%s)",
        [ids],
    )
    return {
        customer_id
        for customer_id, channel, address, state, changed_at in rows
        if [channel, address] not in told[customer_id].get("added", ())
        or state != "unverified"
        or changed_at.isoformat() != told[customer_id].get("at")
    }


def restore_profiles(rows: Sequence[Written], batch: Batch) -> dict[int, str]:
    """Give customers back what rows changed, column by column, where nobody has told anything since."""
    rows = [row for row in rows if row.customer_id]
    alive = set(stages.lock({row.customer_id for row in rows if row.customer_id}))
    left = {row.no: "gone" for row in rows if row.customer_id not in alive}
    rows = [row for row in rows if row.customer_id in alive]
    left |= _restore_columns(rows, batch)
    return left | restore_contacts(rows)


def _restore_columns(rows: Sequence[Written], batch: Batch) -> dict[int, str]:
    left: dict[int, str] = {}
    profiles = profile.on_record({row.customer_id for row in rows if row.customer_id})
    told = batch.told.isoformat()
    for row in rows:
        known = profiles[row.customer_id or 0]
        for name, (value, told_before) in row.before.get("columns", {}).items():
            if known.told_at.get(name) != told:
                left[row.no] = "touched"
                continue
            known.restore(name, value, told_before)
        for name, (value, told_before) in row.before.get("attributes", {}).items():
            if known.told_at.get(f"+{name}") != told:
                left[row.no] = "touched"
                continue
            known.restore_attribute(name, value, told_before)
    profile.write_back(profiles)
    untouched = [row.customer_id for row in rows if row.before.get("touch")]
    gone = list(
        FirstTouch.objects.filter(customer__in=untouched, at=told).values_list("customer_id", flat=True)
    )
    FirstTouch.objects.filter(customer__in=gone).delete()
    Customer.objects.filter(pk__in=gone).update(channel=None, source_code="")
    _unname(rows)
    return left


def _unname(rows: Sequence[Written]) -> None:
    """Customers whom the file gave a userId are without one again."""
    named = [(row.before["named"], row.customer_id) for row in rows if row.before.get("named")]
    if named:
        people.unclaim([("user_id", user_id, customer_id or 0) for user_id, customer_id in named])
        execute(
            "UPDATE users_customer SET user_id = NULL WHERE id = ANY(%s)",
            [[customer for _, customer in named]],
        )


def restore_contacts(rows: Sequence[Written]) -> dict[int, str]:
    """Take back addresses and keys that rows added, where nothing has happened to the address since."""
    added, confirmed, keys, number = [], [], [], {}
    for row in rows:
        told = row.before
        for channel, address in told.get("added", ()):
            added.append((row.customer_id, channel, address, told["at"]))
            number[row.customer_id, channel, address] = row.no
        for channel, address in told.get("confirmed", ()):
            confirmed.append((row.customer_id, channel, address, told["at"]))
            number[row.customer_id, channel, address] = row.no
        keys += [(kind, value, row.customer_id or 0) for kind, value in told.get("claimed", ())]
        if handle := told.get("handle"):
            keys.append(("anonymous_id", handle, row.customer_id or 0))
    kept = people.lower_contacts([], added, confirmed)
    held = {(address, customer) for customer, _channel, address in kept}
    people.unclaim([key for key in keys if (key[1], key[2]) not in held])
    visitors = [row.customer_id for row in rows if row.before.get("was_visitor")]
    _unidentify([one for one in visitors if one])
    ids = {row.customer_id for row in rows if row.customer_id}
    touch(ids, TouchTopic.CONTACT)
    news.note(ids)
    touch(ids, TouchTopic.PROFILE)
    return {number[point]: "touched" for point in kept}


def _unidentify(ids: list[int]) -> None:
    """Who was a mere visitor is one again, unless a name or a confirmed address says otherwise."""
    execute(
        "UPDATE users_customer customer SET identified = false WHERE id = ANY(%s) AND user_id IS NULL"
        " AND NOT EXISTS (SELECT FROM users_contactpoint point"
        " WHERE point.customer_id = customer.id AND point.confirmed)",
        [ids],
    )
