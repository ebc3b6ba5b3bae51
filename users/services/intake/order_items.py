"""The order events of a batch: read, given to whose the order is, and added to the orders as known."""

from dataclasses import dataclass
from datetime import datetime

from config.kit.batches import copy_rows, execute, fetch, temporary_table
from users import shop
from users.orders import OrderEvent, Telling, Unusable, parse, read
from users.services.activity import oldest_trigger
from users.services.exchange_rates import Rates, day_of
from users.services.intake import erased_refunds
from users.services.intake.parking import Refused, refuse
from users.services.intake.turned_away import turn_away_orders
from users.services.order_letters import UNKNOWN_ORDER, waits_for
from users.services.orders import NO_RATE, OrderPlan, known_orders

TELLING = (OrderEvent.COMPLETED, OrderEvent.UPDATED)


@dataclass(frozen=True, slots=True)
class Said:
    """An item of the batch that speaks of an order."""

    no: int
    telling: Telling


def read_items(now: datetime) -> list[Said]:
    """Order items of the batch; those that cannot be understood are refused.

    Refunds of erased customers' orders are put on record here and take no further part.
    """
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
    settled = erased_refunds.settle({one.no: one.telling for one in said}, now)
    return _take_owners([one for one in said if one.no not in settled])


def plan(said: list[Said], now: datetime, *, is_history: bool) -> OrderPlan:
    """What the batch makes of its orders. Refuses what speaks of an order nobody has told yet (it waits in
    the dead letters until the order arrives) and refunds of more than is left."""
    rates = Rates(shop.currency.get() if said else "")
    orders = OrderPlan(oldest_trigger=oldest_trigger(now), is_history=is_history, rates=rates)
    if not said:
        return orders
    _lay_out(said)
    _claim_keys()
    _take_to_their_owners(now)
    turn_away_orders(now)
    customers = dict(fetch(_CUSTOMERS))
    orders.start_from(known_orders())
    rates.load({one.telling.currency for one in said} | orders.currencies())
    refused = []
    there = [one for one in said if one.no in customers]  # the others speak of somebody who was erased
    for one in sorted(there, key=lambda one: (one.telling.event not in TELLING, one.telling.at, one.no)):
        if code := orders.hear(customers[one.no], one.telling):
            refused.append(_refusal(one, code))
    refuse(refused)
    return orders


def _refusal(one: Said, code: str) -> Refused:
    """Why an item waits; its detail says for what: the order, or the rate of a day."""
    telling = one.telling
    if code == NO_RATE:
        return Refused(one.no, code, "currency", f"{telling.currency} {day_of(telling.at)}")
    return Refused(one.no, code, "order_id", waits_for(telling.source, telling.number))


def confirm_events() -> None:
    """What a browser told, a server key tells again under the same message id: now it is confirmed."""
    execute(
        """
        WITH confirmed AS (
            UPDATE users_event event SET confirmed = true, properties = item.properties
            FROM order_item said
            JOIN intake_item item USING (no)
            JOIN intake_owner owner ON owner.kind = item.owner_kind AND owner.value = item.owner_value
            WHERE said.confirmed AND event.customer_id = coalesce(item.customer_id, owner.customer_id)
              AND event.message_id = item.message_id AND NOT event.confirmed
            RETURNING event.customer_id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT DISTINCT customer_id, 'events' FROM confirmed
        """
    )


def _lay_out(said: list[Said]) -> None:
    temporary_table(
        "order_item", "no integer, source varchar(40), number varchar(100), confirmed boolean, tells boolean"
    )
    copy_rows(
        "order_item",
        ("no", "source", "number", "confirmed", "tells"),
        (
            (s.no, s.telling.source, s.telling.number, s.telling.confirmed, s.telling.event in TELLING)
            for s in said
        ),
    )
    execute("ANALYZE order_item")
    # The join with an order's key is planned as a single row; without the index each would scan the whole batch.
    execute("CREATE UNIQUE INDEX ON intake_item (no)")


def _take_owners(said: list[Said]) -> list[Said]:
    """An item that names nobody (a shop's refund names only its order) is of whoever owns the order; while
    nobody does, it waits. Those that need not wait."""
    lost = {no for (no,) in fetch("SELECT no FROM intake_item WHERE owner_value IS NULL")} if said else ()
    unowned = [one for one in said if one.no in lost]
    if not unowned:
        return said
    execute(
        """
        UPDATE intake_item item
        SET owner_kind = found.kind, owner_value = found.value,
            user_id = CASE WHEN found.kind = 'user_id' THEN found.value END,
            anonymous_id = CASE WHEN found.kind = 'anonymous_id' THEN found.value END
        FROM unnest(%s::integer[], %s::text[], %s::text[]) AS lost (no, source, number)
        JOIN users_orderkey key USING (source, number)
        CROSS JOIN LATERAL (
            SELECT kind, value FROM users_identity
            WHERE customer_id = key.customer_id AND kind IN ('user_id', 'anonymous_id')
            ORDER BY kind DESC, value LIMIT 1
        ) AS found
        WHERE item.no = lost.no
        """,
        [
            [one.no for one in unowned],
            [one.telling.source for one in unowned],
            [one.telling.number for one in unowned],
        ],
    )
    still = {no for (no,) in fetch("SELECT no FROM intake_item WHERE owner_value IS NULL")}
    refuse(_refusal(one, UNKNOWN_ORDER) for one in unowned if one.no in still)
    return [one for one in said if one.no not in still]


def _claim_keys() -> None:
    """The first server key to tell an order decides whose it is. A write key decides nothing: else a
    stranger could claim a number before the shop tells it."""
    execute(
        """
        INSERT INTO users_orderkey (source, number, customer_id)
        SELECT DISTINCT ON (said.source, said.number) said.source, said.number, owner.customer_id
        FROM order_item said
        JOIN intake_item item USING (no)
        JOIN intake_owner owner ON owner.kind = item.owner_kind AND owner.value = item.owner_value
        WHERE said.confirmed AND said.tells
        ORDER BY said.source, said.number, said.no
        ON CONFLICT DO NOTHING
        """
    )


def _take_to_their_owners(now: datetime) -> None:
    """What a server key says of an order goes to the customer whose order it is, whoever it names; where it
    names another customer, a claim is kept for people to see."""
    fetch(
        """
        SELECT customer_id FROM users_standing
        WHERE customer_id IN (
            SELECT key.customer_id FROM order_item said JOIN users_orderkey key USING (source, number)
            WHERE said.confirmed
        )
        ORDER BY customer_id FOR NO KEY UPDATE
        """
    )
    execute(
        """
        UPDATE intake_item item SET customer_id = key.customer_id
        FROM order_item said JOIN users_orderkey key USING (source, number)
        WHERE said.no = item.no AND said.confirmed
        """
    )
    execute(
        """
        INSERT INTO users_orderclaim (customer_id, source, number, claimant_id, claimed_at)
        SELECT item.customer_id, said.source, said.number, owner.customer_id, %s
        FROM order_item said
        JOIN intake_item item USING (no)
        JOIN intake_owner owner ON owner.kind = item.owner_kind AND owner.value = item.owner_value
        WHERE said.confirmed AND said.tells AND owner.customer_id <> item.customer_id
        ORDER BY 1, 2, 3, 4
        ON CONFLICT DO NOTHING
        """,
        [now],
    )


_CUSTOMERS = """
    SELECT item.no, coalesce(item.customer_id, owner.customer_id)
    FROM order_item said
    JOIN intake_item item USING (no)
    JOIN intake_owner owner ON owner.kind = item.owner_kind AND owner.value = item.owner_value
"""
