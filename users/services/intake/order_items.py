"""The order events of a batch: read, given to whose the order is, and added to the orders as known."""

from dataclasses import dataclass
from datetime import datetime

from config.kit.batches import copy_rows, execute, fetch, temporary_table
from users import shop
from users.orders import OrderEvent, Telling, Unusable, parse, read
from users.services.activity import oldest_trigger
from users.services.intake.parking import Refused, refuse
from users.services.intake.turned_away import turn_away_orders
from users.services.orders import SOURCE, OrderPlan, known_orders

TELLING = (OrderEvent.COMPLETED, OrderEvent.UPDATED)
UNKNOWN_ORDER = "unknown_order"


@dataclass(frozen=True, slots=True)
class Said:
    """An item of the batch that speaks of an order."""

    no: int
    telling: Telling


def read_items() -> list[Said]:
    """Order items of the batch; those that cannot be understood are refused."""
    rows = fetch(
        "SELECT no, name, message_id, occurred_at, confirmed, properties::text FROM intake_item"
        " WHERE name = ANY(%s) ORDER BY no",
        [list(OrderEvent)],
    )
    currency = shop.currency.get() if rows else ""
    said: list[Said] = []
    refused: list[Refused] = []
    for no, name, message_id, at, confirmed, properties in rows:
        try:
            telling = read(
                OrderEvent(name),
                parse(properties or "{}"),
                message_id=message_id,
                at=at,
                confirmed=confirmed,
                shop_currency=currency,
            )
            said.append(Said(no, telling))
        except Unusable as problem:
            refused.append(Refused(no, problem.code, problem.field))
    refuse(refused)
    return said


def plan(said: list[Said], now: datetime, *, is_history: bool) -> OrderPlan:
    """What the batch makes of its orders. Refuses what speaks of an order nobody has told yet (it waits in
    the dead letters until the order arrives) and refunds of more than is left."""
    orders = OrderPlan(oldest_trigger=oldest_trigger(now), is_history=is_history)
    if not said:
        return orders
    _lay_out(said)
    orders.new_keys = _claim_keys()
    _take_to_their_owners()
    turn_away_orders(now)
    customers = dict(fetch(_CUSTOMERS))
    orders.start_from(known_orders())
    refused = []
    there = [one for one in said if one.no in customers]  # the others speak of somebody who was erased
    for one in sorted(there, key=lambda one: (one.telling.event not in TELLING, one.telling.at, one.no)):
        if code := orders.hear(customers[one.no], one.telling):
            refused.append(Refused(one.no, code, "order_id", one.telling.number))
    refuse(refused)
    return orders


def confirm_events() -> None:
    """What a browser told, a server key tells again under the same message id: now it is confirmed."""
    execute(
        """
        UPDATE users_event event SET confirmed = true, properties = item.properties
        FROM order_item said
        JOIN intake_item item USING (no)
        JOIN intake_owner owner ON owner.kind = item.owner_kind AND owner.value = item.owner_value
        WHERE said.confirmed AND event.customer_id = coalesce(item.customer_id, owner.customer_id)
          AND event.message_id = item.message_id AND NOT event.confirmed
        """
    )


def release_waiting() -> int:
    """Put items that waited for their order back in the line, now that it is known; how many."""
    return execute(
        """
        WITH released AS (
            UPDATE users_deadletter letter SET replayed_at = business_now()
            FROM users_orderkey key
            WHERE letter.code = %s AND letter.replayed_at IS NULL AND letter.confirmed
              AND key.source = %s AND key.number = letter.detail
            RETURNING letter.*
        )
        INSERT INTO users_intakebody (key_id, received_at, confirmed, is_history, attempts, items)
        SELECT key_id, received_at, confirmed, is_history, 0, '[' || item || ']' FROM released ORDER BY id
        """,
        [UNKNOWN_ORDER, SOURCE],
    )


def _lay_out(said: list[Said]) -> None:
    temporary_table("order_item", "no integer, number text, confirmed boolean, tells boolean")
    copy_rows(
        "order_item",
        ("no", "number", "confirmed", "tells"),
        ((s.no, s.telling.number, s.telling.confirmed, s.telling.event in TELLING) for s in said),
    )
    execute("ANALYZE order_item")


def _claim_keys() -> int:
    """The first server key to tell an order decides whose it is; how many orders were new. A write key
    decides nothing: else a stranger could claim a number before the shop tells it."""
    return execute(
        """
        INSERT INTO users_orderkey (source, number, customer_id)
        SELECT DISTINCT ON (said.number) %s, said.number, owner.customer_id
        FROM order_item said
        JOIN intake_item item USING (no)
        JOIN intake_owner owner ON owner.kind = item.owner_kind AND owner.value = item.owner_value
        WHERE said.confirmed AND said.tells
        ORDER BY said.number, said.no
        ON CONFLICT DO NOTHING
        """,
        [SOURCE],
    )


def _take_to_their_owners() -> None:
    """What a server key says of an order goes to the customer whose order it is, whoever it names."""
    fetch(
        """
        SELECT customer_id FROM users_standing
        WHERE customer_id IN (
            SELECT key.customer_id FROM order_item said JOIN users_orderkey key USING (number)
            WHERE said.confirmed AND key.source = %s
        )
        ORDER BY customer_id FOR NO KEY UPDATE
        """,
        [SOURCE],
    )
    execute(
        """
        UPDATE intake_item item SET customer_id = key.customer_id
        FROM order_item said JOIN users_orderkey key USING (number)
        WHERE said.no = item.no AND said.confirmed AND key.source = %s
        """,
        [SOURCE],
    )


_CUSTOMERS = """
    SELECT item.no, coalesce(item.customer_id, owner.customer_id)
    FROM order_item said
    JOIN intake_item item USING (no)
    JOIN intake_owner owner ON owner.kind = item.owner_kind AND owner.value = item.owner_value
"""
