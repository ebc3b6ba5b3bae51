"""Putting imported orders back: the order as it was, the events gone, days, stages and figures as they follow.

An order of which somebody has told anything since the import is left as it is.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings

from config.kit.batches import execute, fetch
from users.services import orders, stages
from users.services.imports.kinds import Batch, Written
from users.services.imports.removal import Made, restore_contacts, take_out
from users.services.orders import SOURCE, Key
from users.services.sql import statement
from users.services.touch import touch
from users.topics import TouchTopic

Snapshot = dict[str, Any]
"""An order with its lines and refunds as the tables hold it."""
TABLES = {"order": "users_order", "lines": "users_orderline", "refunds": "users_refund"}


def snapshots(keys: Iterable[Key]) -> dict[Key, Snapshot]:
    """Orders as the tables hold them now; those that do not exist are left out."""
    pairs = sorted(set(keys))
    rows = fetch(
        statement("order_snapshots"),
        {"source": SOURCE, "ids": [pk for pk, _ in pairs], "numbers": [number for _, number in pairs]},
    )
    return {(customer_id, number): json.loads(text) for customer_id, number, text in rows}


def take_back(rows: Sequence[Written], batch: Batch) -> dict[int, str]:
    """Undo orders; per row that was left the reason. The customers that rows made go with their orders."""
    rows = [row for row in rows if row.customer_id]
    alive = set(stages.lock({row.customer_id for row in rows if row.customer_id}))
    now = snapshots([(row.customer_id or 0, row.before["number"]) for row in rows])
    left: dict[int, str] = {}
    undone: list[Written] = []
    for row in rows:
        if row.customer_id not in alive:
            left[row.no] = "gone"
        elif now.get((row.customer_id, row.before["number"])) != row.before["after"]:
            left[row.no] = "touched"
        else:
            undone.append(row)
    if undone:
        _put_back(undone)
        _forget_events(undone)
        ids = sorted({row.customer_id for row in undone if row.customer_id})
        _renew_first_seen(ids)
        orders.recount(ids)
        stages.recompute(ids, batch.now)
        for topic in (TouchTopic.EVENTS, TouchTopic.STAGE, TouchTopic.ORDERS):
            touch(ids, topic)
    made = [Made(row.no, row.customer_id, row.before) for row in undone if row.before.get("new")]
    kept = take_out(made, batch)
    restore_contacts([row for row in undone if row.before.get("handle")])
    return left | {no: "customer_touched" for no in kept}


def _put_back(rows: Sequence[Written]) -> None:
    ids, numbers = [row.customer_id for row in rows], [row.before["number"] for row in rows]
    for table in TABLES.values():
        execute(
            f"DELETE FROM {table} old USING unnest(%s::bigint[], %s::text[]) AS told (customer_id, number)"
            " WHERE old.customer_id = told.customer_id AND old.number = told.number AND old.source = %s",
            [ids, numbers, SOURCE],
        )
    before = [row.before["order"] for row in rows if row.before["order"]]
    for part, table in TABLES.items():
        found = [one for snapshot in before for one in snapshot[part]]
        execute(
            f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)",
            [json.dumps(found)],
        )
    execute(
        "DELETE FROM users_orderkey WHERE source = %s AND number = ANY(%s)",
        [SOURCE, [row.before["number"] for row in rows if not row.before["order"]]],
    )


def _forget_events(rows: Sequence[Written]) -> None:
    """Remove the events of the rows and what was recorded because of them; their days are counted again."""
    told = [(row.customer_id, message_id) for row in rows for message_id in _message_ids(row)]
    execute(
        statement("forget_events"),
        {
            "ids": [customer_id for customer_id, _ in told],
            "messages": [message_id for _, message_id in told],
            "zone": settings.SHOP_TIME_ZONE,
        },
    )


def _message_ids(row: Written) -> list[str]:
    """The events that the row told, and those that say what became true with it."""
    number, before = row.before["number"], row.before["order"]
    ids = list(row.before["events"])
    if not before or before["order"][0]["paid_at"] is None:
        ids.append(f"order_paid:{SOURCE}:{number}")
    if not before or before["order"][0]["cancelled_at"] is None:
        ids.append(f"order_cancelled:{SOURCE}:{number}")
    had = {one["refund_id"] for one in before["refunds"]} if before else set()
    has = {one["refund_id"] for one in row.before["after"]["refunds"]}
    return ids + [f"order_refunded:{SOURCE}:{number}:{refund_id}" for refund_id in sorted(has - had)]


def _renew_first_seen(ids: Sequence[int]) -> None:
    """The file may have told the first we had of a customer: now the first is what is left, else registration."""
    execute(
        """
        UPDATE users_customer customer SET first_seen_at = earliest.at
        FROM (
            SELECT known.id, least(
                (SELECT min(occurred_at) FROM users_event event WHERE event.customer_id = known.id),
                (SELECT min(since) FROM users_identity identity WHERE identity.customer_id = known.id)
            ) AS at
            FROM users_customer known WHERE known.id = ANY(%s)
        ) AS earliest
        WHERE customer.id = earliest.id AND earliest.at > customer.first_seen_at
        """,
        [list(ids)],
    )
