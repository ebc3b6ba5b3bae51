"""Putting imported orders back: the order as it was, the events gone, days, stages and figures as they follow.

An order of which somebody has told anything since the import is left as it is.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings

from config.kit.batches import execute, fetch
from users.services import orders, owned, shares, stages
from users.services.imports.kinds import Batch, Written
from users.services.imports.removal import Made, restore_contacts, take_out
from users.services.orders import Key, asked_for
from users.services.sql import statement
from users.services.touch import touch
from users.topics import TouchTopic

Mark = dict[str, Any]
Snapshot = dict[str, Any]
"""An order with its lines and refunds as the tables hold it."""
TABLES = {"order": "users_order", "lines": "users_orderline", "refunds": "users_refund"}
BLANKS = {"lines": {"line_id": ""}}
"""What a snapshot leaves out."""


def snapshots(keys: Iterable[Key]) -> dict[Key, Snapshot]:
    """Orders as the tables hold them now; those that do not exist are left out."""
    asked = asked_for(keys)
    if not asked["ids"]:
        return {}
    rows = fetch(
        f"SELECT customer_id, source, number, held::text FROM ({statement('order_snapshots')}) AS now", asked
    )
    return {(customer_id, source, number): json.loads(text) for customer_id, source, number, text in rows}


def marks(keys: Iterable[Key]) -> dict[Key, Mark]:
    """By what an order is known again: a digest of its snapshot, and which refunds it has."""
    rows = fetch(statement("order_marks"), asked_for(keys))
    return {
        (customer_id, source, number): {"digest": digest, "refunds": refunds}
        for customer_id, source, number, digest, refunds in rows
    }


def take_back(rows: Sequence[Written], batch: Batch) -> dict[int, str]:
    """Undo orders; per row that was left the reason. The customers that rows made go with their orders."""
    rows = [row for row in rows if row.customer_id]
    alive = set(stages.lock({row.customer_id for row in rows if row.customer_id}))
    now = marks(map(_key, rows))
    left: dict[int, str] = {}
    undone: list[Written] = []
    for row in rows:
        if row.customer_id not in alive:
            left[row.no] = "gone"
        elif now.get(_key(row)) != row.before["after"]:
            left[row.no] = "touched"
        else:
            undone.append(row)
    if undone:
        _put_back(undone)
        shares.follow_orders(map(_key, undone))
        owned.follow_orders(map(_key, undone))
        _forget_events(undone)
        ids = sorted({row.customer_id for row in undone if row.customer_id})
        _renew_first_seen(ids, {row.customer_id for row in undone if row.before.get("new")})
        orders.recount(ids)
        stages.recompute(ids, batch.now)
        for topic in (TouchTopic.EVENTS, TouchTopic.STAGE, TouchTopic.ORDERS):
            touch(ids, topic)
    made = [Made(row.no, row.customer_id, row.before) for row in undone if row.before.get("new")]
    kept = take_out(made, batch)
    restore_contacts([row for row in undone if row.before.get("handle")])
    return left | {no: "customer_touched" for no in kept}


def _key(row: Written) -> Key:
    return row.customer_id or 0, row.before["source"], row.before["number"]


def _put_back(rows: Sequence[Written]) -> None:
    columns = [list(column) for column in zip(*map(_key, rows), strict=True)]
    for table in TABLES.values():
        execute(
            f"DELETE FROM {table} old"
            " USING unnest(%s::bigint[], %s::text[], %s::text[]) AS told (customer_id, source, number)"
            " WHERE old.customer_id = told.customer_id AND old.number = told.number AND old.source = told.source",
            columns,
        )
    before = [row.before["order"] for row in rows if row.before["order"]]
    for part, table in TABLES.items():
        found = [BLANKS.get(part, {}) | one for snapshot in before for one in snapshot[part]]
        execute(
            f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)",
            [json.dumps(found)],
        )
    new = [row.before for row in rows if not row.before["order"]]
    execute(
        "DELETE FROM users_orderkey key USING unnest(%s::text[], %s::text[]) AS told (source, number)"
        " WHERE key.source = told.source AND key.number = told.number",
        [[one["source"] for one in new], [one["number"] for one in new]],
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
    before, name = row.before["order"], f"{row.before['source']}:{row.before['number']}"
    ids = list(row.before["events"])
    if not before or before["order"][0]["paid_at"] is None:
        ids.append(orders.fact_key(f"order_paid:{name}"))
    if not before or before["order"][0]["cancelled_at"] is None:
        ids.append(orders.fact_key(f"order_cancelled:{name}"))
    had = {one["refund_id"] for one in before["refunds"]} if before else set()
    has = set(row.before["after"]["refunds"])
    return ids + [orders.fact_key(f"order_refunded:{name}:{refund_id}") for refund_id in sorted(has - had)]


def _renew_first_seen(ids: Sequence[int], made: Iterable[int | None]) -> None:
    """The file may have told the first we had of a customer: now the first is what is left, else registration.

    Of those whom the file made and others have told of since, the file's own day says nothing.
    """
    execute(
        """
        UPDATE users_customer customer SET first_seen_at = earliest.at
        FROM (
            SELECT known.id, CASE WHEN known.id = ANY(%(made)s) THEN coalesce(told.at, keys.at)
                                  ELSE least(told.at, keys.at) END AS at
            FROM users_customer known
            CROSS JOIN LATERAL (
                SELECT least(
                    (SELECT min(occurred_at) FROM users_event event WHERE event.customer_id = known.id),
                    (SELECT min(trait.at::timestamptz) FROM jsonb_each_text(known.told_at) AS trait (name, at))
                ) AS at
            ) AS told
            CROSS JOIN LATERAL (
                SELECT min(since) AS at FROM users_identity identity WHERE identity.customer_id = known.id
            ) AS keys
            WHERE known.id = ANY(%(ids)s)
        ) AS earliest
        WHERE customer.id = earliest.id AND earliest.at > customer.first_seen_at
        """,
        {"ids": list(ids), "made": [pk for pk in made if pk]},
    )
