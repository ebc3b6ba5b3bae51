"""Writing the orders of a file: as judging found them, with the same statements that the intake ends in.

Judging has let the order's rules hear everything and holds the customers, so nothing is asked a second time: new
customers come by the one way in, then follow order numbers, events, days and stages, orders, lines and figures.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from config.kit.batches import execute
from users.services.activity import oldest_trigger
from users.services.imports import people
from users.services.imports.kinds import Batch
from users.services.imports.order_rows import Ledger, Told, plain
from users.services.imports.order_undo import Mark, Snapshot, marks, snapshots
from users.services.imports.people import Handle
from users.services.intake.known import KnownItem, put_on_record
from users.services.orders import Key, OrderPlan, columns_of

Stranger = tuple[int, Handle, datetime]
"""Who is not known yet: the row that makes the customer, the handle, the first order."""


def write(ledger: Ledger, batch: Batch) -> dict[int, tuple[int | None, dict[str, Any]]]:
    """Put the chosen orders on record; per first row whose the order is and what undoing needs."""
    if not ledger.chosen:
        return {}
    before = snapshots(one.key for one in ledger.chosen if one.key in ledger.known)
    strangers = _strangers(ledger, batch)
    new = make(strangers, batch)
    whose = {one.key: one.customer_id or new[one.rows[0].key] for one in ledger.chosen}
    keys = {one.key: (whose[one.key], *one.order) for one in ledger.chosen}
    claim([keys[one.key] for one in ledger.chosen if one.order not in ledger.claimed])
    put_on_record(
        (
            KnownItem(whose[one.key], event.value, message_id, at, plain(properties))
            for one in ledger.chosen
            for event, message_id, at, properties in one.said
        ),
        batch.now,
    )
    _plan(ledger, keys, batch).write(batch.now)
    reached = reach(strangers, new, batch)
    after = marks(keys.values())
    return {
        one.rows[0].no: _entry(one, keys[one.key], reached, before, after, batch) for one in ledger.chosen
    }


def _plan(ledger: Ledger, keys: Mapping[Key, Key], batch: Batch) -> OrderPlan:
    """What judging heard, under the customers' numbers."""
    plan = OrderPlan(oldest_trigger(batch.now), is_history=True, rates=ledger.rates)
    plan.orders = {keys[one.key]: one.row for one in ledger.chosen if one.row is not None}
    plan.changed = set(plan.orders)
    return plan


def claim(keys: Sequence[Key]) -> None:
    """Take the numbers of new orders. Whoever took one since judging wins: the chunk goes back and is judged anew."""
    if not keys:
        return
    taken = execute(
        "INSERT INTO users_orderkey (source, number, customer_id)"
        " SELECT source, number, customer_id FROM unnest(%s::bigint[], %s::text[], %s::text[])"
        " AS told (customer_id, source, number) ORDER BY source, number ON CONFLICT DO NOTHING",
        columns_of(keys),
    )
    if taken < len(keys):
        raise RuntimeError("somebody told of an order of the file at the same time")


def _strangers(ledger: Ledger, batch: Batch) -> dict[str, Stranger]:
    """Customers that nobody knows yet, by their key in the file."""
    found: dict[str, Stranger] = {}
    for one in ledger.chosen:
        row = one.rows[0]
        if one.customer_id is None and row.key not in found:
            found[row.key] = stranger(row.no, row.key, row.values["ordered_at"], batch)
    return found


def stranger(no: int, key: str, at: datetime, batch: Batch) -> Stranger:
    """A customer whom row ``no`` makes."""
    by_user = batch.file.match_key == "user_id"
    return no, Handle(key, None) if by_user else Handle(None, batch.message_id(no)), at


def make(strangers: Mapping[str, Stranger], batch: Batch) -> dict[str, int]:
    """Make the customers; who they are now, by their key in the file."""
    if not strangers:
        return {}
    people.apply_items(
        [people.item("identify", handle, batch.message_id(no), at) for no, handle, at in strangers.values()],
        batch,
    )
    owners = people.owners(handle.key for _no, handle, _at in strangers.values())
    return {key: owners[handle.key] for key, (_no, handle, _at) in strangers.items()}


def reach(
    strangers: Mapping[str, Stranger], new: Mapping[str, int], batch: Batch
) -> dict[int, dict[str, Any]]:
    """Give the customers who were made their addresses; what undoing needs, by the rows that made them."""
    kind = batch.file.match_key
    told = {customer_id: ({} if kind == "user_id" else {kind: key}) for key, customer_id in new.items()}
    reached = people.reach(told, batch) if told else {}
    return {no: reached[new[key]] for key, (no, _handle, _at) in strangers.items()}


def _entry(
    one: Told, key: Key, reached: Mapping[int, dict[str, Any]], before: Mapping[Key, Snapshot],
    after: Mapping[Key, Mark], batch: Batch,
) -> tuple[int | None, dict[str, Any]]:  # fmt: skip
    """What undoing needs: the order before, the mark of what it is now, the events, and the customer if new."""
    row = one.rows[0]
    entry: dict[str, Any] = {
        "source": one.order[0],
        "number": one.order[1],
        "order": before.get(key),
        "after": after[key],
        "events": [message_id for _event, message_id, _at, _properties in one.said],
        "at": batch.now.isoformat(),
    }
    if row.no in reached:
        entry |= {"new": True, **reached[row.no]}
    return key[0], entry
