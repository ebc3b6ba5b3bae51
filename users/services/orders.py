"""Orders of a batch: what is known of them, what the batch adds, and putting the outcome on record.

``users.orders`` says how tellings add up; here it meets the tables. The customers' Standing rows must be
locked.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from config.kit.batches import copy_rows, execute, fetch, temporary_table
from users import facts
from users.orders import AMOUNTS, Line, OrderEvent, OrderState, Telling
from users.services import owned, products, shares
from users.services.events import NewEvent, record_many
from users.services.exchange_rates import Rates
from users.services.order_columns import FIGURES, LINE_COLUMNS, ORDER_COLUMNS, line_values, order_values
from users.services.order_letters import REFUND_OVER_TOTAL, UNKNOWN_ORDER, release_refunds
from users.services.sql import statement
from users.services.touch import touch
from users.topics import TouchTopic

Key = tuple[int, str, str]  # (customer, source, number); numbers are unique within a source
LONGEST_KEY = 150
"""Of an event's message id; longer business keys end in a digest."""
NO_RATE = "no_exchange_rate"
REFUND_COLUMNS = ("refund_id", "refunded_at", "confirmed", "amount", "net", "lines")


@dataclass(frozen=True, slots=True)
class NewRefund:
    """A refund that counts: confirmed, of a known order, no more than what was left of it."""

    refund_id: str
    at: datetime
    amount: int
    lines: tuple[Line, ...]
    net: int
    net_after: int


@dataclass(slots=True)
class OrderRow:
    """An order in hand: its state, whether its start was history, its refunds, and what the batch changed.

    ``redated``: refunds on record that turned out to have happened earlier.
    """

    state: OrderState
    is_history: bool
    refunded_at: dict[str, datetime] = field(default_factory=dict)
    redated: dict[str, datetime] = field(default_factory=dict)
    was_confirmed: bool = False
    was_rate: Decimal | None = None
    was_paid: bool = False
    was_cancelled: bool = False
    refunds: list[NewRefund] = field(default_factory=list)
    lines_told: bool = False


@dataclass(slots=True)
class OrderPlan:
    """The orders a batch speaks of, as they will be."""

    oldest_trigger: datetime
    is_history: bool
    rates: Rates
    orders: dict[Key, OrderRow] = field(default_factory=dict)
    changed: set[Key] = field(default_factory=set)
    raised: set[Key] = field(default_factory=set)
    """Orders on record of which more is left now."""

    def start_from(self, known: dict[Key, OrderRow]) -> None:
        """Begin with the orders on record."""
        self.orders = known

    def currencies(self) -> set[str]:
        """In which currencies the orders on record are."""
        return {row.state.currency for row in self.orders.values()}

    def hear(self, customer_id: int, telling: Telling) -> str:
        """Add one telling; why it is refused, or "" when it is not."""
        key = (customer_id, telling.source, telling.number)
        if telling.event in (OrderEvent.COMPLETED, OrderEvent.UPDATED):
            return self._tell(key, telling)
        if not telling.confirmed:
            return ""  # an event like any other; it changes no order
        row = self.orders.get(key)
        if row is None or not row.state.confirmed:
            return UNKNOWN_ORDER
        if telling.event is OrderEvent.REFUNDED and _is_other_money(row.state, telling):
            return "other_currency"
        return (
            self._refund(key, telling) if telling.event is OrderEvent.REFUNDED else self._cancel(key, telling)
        )

    def write(self, now: datetime) -> None:
        """Put the outcome on record: orders, lines, refunds, figures, topics, facts."""
        if not self.changed:
            return
        rows = {key: self.orders[key] for key in sorted(self.changed)}
        _write_orders(rows)
        _write_lines(rows)
        write_refunds(rows)
        shares.follow_orders(key for key, row in rows.items() if not row.lines_told or row.refunded_at)
        owned.follow_orders(rows)
        recount({key[0] for key, row in rows.items() if not row.is_history})
        recount({key[0] for key, row in rows.items() if row.is_history}, is_history=True)
        record_many(self._facts(rows), now=now)
        release_refunds((source, number) for _customer, source, number in sorted(self.raised))
        products.note_lines(line for row in rows.values() if row.state.confirmed for line in row.state.priced)

    @property
    def started(self) -> int:
        """How many orders the batch is the first to confirm."""
        return sum(
            self.orders[key].state.confirmed and not self.orders[key].was_confirmed for key in self.changed
        )

    def _tell(self, key: Key, telling: Telling) -> str:
        known = self.orders.get(key)
        if known is None and "total" not in telling.said:
            return UNKNOWN_ORDER
        row = known or OrderRow(OrderState(), is_history=True)
        state = replace(row.state, told_at=dict(row.state.told_at)) if known else row.state
        if state.told_at and not telling.names_currency and _is_other_money(state, telling):
            return "other_currency"
        state.hear(telling)
        rate = self.rates.of(state.currency, state.ordered_at)
        if rate is None:
            return NO_RATE
        state.rate = rate
        if known and (state.total or 0) > (known.state.total or 0):
            self.raised.add(key)
        was_confirmed, row.state = row.state.confirmed, state
        self.orders[key] = row
        has_lines = telling.lines is not None and row.state.lines is telling.lines
        row.lines_told = row.lines_told or has_lines or row.state.confirmed != was_confirmed
        if row.state.is_paid and not row.was_paid:
            # Whether an order starts anything is decided when it is first paid. Of one that was known before, its
            # payment is the news; one first heard of may be an old one that a shop just tells again.
            news_of = row.state.paid_at if row.was_confirmed and row.state.paid_at else row.state.ordered_at
            row.is_history = self.is_history or news_of < self.oldest_trigger
        self.changed.add(key)
        return ""

    def _refund(self, key: Key, telling: Telling) -> str:
        row = self.orders[key]
        state = row.state
        if telling.refund_id in row.refunded_at:
            if telling.at < row.refunded_at[telling.refund_id]:
                row.refunded_at[telling.refund_id] = row.redated[telling.refund_id] = telling.at
                self.changed.add(key)
            return ""
        left = (state.total or 0) - state.refunded
        amount = left if telling.amount is None else telling.amount
        if amount > left:
            return REFUND_OVER_TOTAL
        net = state.in_shop_currency(amount)
        state.refunded += amount
        state.refunds = (*state.refunds, amount)
        row.refunded_at[telling.refund_id] = telling.at
        row.refunds.append(
            NewRefund(telling.refund_id, telling.at, amount, telling.lines or (), net, state.net)
        )
        self.changed.add(key)
        return ""

    def _cancel(self, key: Key, telling: Telling) -> str:
        self.orders[key].state.cancel(telling)
        self.changed.add(key)
        return ""

    def _facts(self, rows: dict[Key, OrderRow]) -> Iterator[NewEvent]:
        for (customer_id, source, number), row in rows.items():
            yield from facts_of(customer_id, source, number, row, self.rates.shop_currency)


def facts_of(
    customer_id: int, source: str, number: str, row: OrderRow, shop_currency: str
) -> Iterator[NewEvent]:
    """The events that say what became true of an order."""
    for name, suffix, at, properties in _news(row, shop_currency):
        yield NewEvent(
            customer_id=customer_id,
            name=name,
            key=fact_key(f"{name}:{source}:{number}{suffix}"),
            occurred_at=at,
            properties={"source": source, "number": number, **properties},
            starts_things=not row.is_history,
        )


def _is_other_money(state: OrderState, telling: Telling) -> bool:
    """Whether amounts were told in another currency than the order's; unnamed, they were read as the shop's."""
    tells_amounts = telling.amount is not None or telling.lines or {"total", *AMOUNTS} & telling.said.keys()
    return telling.currency != state.currency and bool(tells_amounts)


def fact_key(key: str) -> str:
    if len(key) <= LONGEST_KEY:
        return key
    return f"{key[:100]}#{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def recount(customer_ids: Iterable[int], *, is_history: bool = False) -> None:
    """Take the order figures of customers anew from their orders that count."""
    ids = sorted(customer_ids)
    if ids:
        execute(statement("order_figures"), {"ids": ids})
        touch(ids, TouchTopic.ORDERS, is_history=is_history)


def known_orders() -> dict[Key, OrderRow]:
    """The orders on record that the batch's items (temporary table ``order_item``) speak of."""
    return {(row[0], row[1], row[2]): _known(*row[3:]) for row in fetch(statement("known_orders"))}


def _known(
    is_history: bool,
    told_at: str,
    refund_ids: list[str],
    refund_times: list[datetime],
    refunds: list[int],
    cancelled_at: datetime | None,
    *figures: Any,
) -> OrderRow:
    told = {name: datetime.fromisoformat(at) for name, at in json.loads(told_at).items()}
    state = OrderState(
        told_at=told,
        cancelled_at=cancelled_at,
        refunds=tuple(refunds),
        **dict(zip(FIGURES, figures, strict=True)),
    )
    return OrderRow(
        state=state,
        is_history=is_history,
        refunded_at=dict(zip(refund_ids, refund_times, strict=True)),
        was_confirmed=state.confirmed,
        was_rate=state.rate,
        was_paid=state.is_paid,
        was_cancelled=cancelled_at is not None,
    )


def _news(row: OrderRow, shop_currency: str) -> Iterator[tuple[str, str, datetime, dict[str, Any]]]:
    """What became true with this batch: (event, suffix of its key, instant, properties)."""
    state = row.state
    if state.is_paid and not row.was_paid:
        assert state.paid_at is not None
        paid = {"net": state.net_before_refunds, "currency": shop_currency, "paid_at": state.paid_at}
        yield facts.ORDER_PAID, "", state.paid_at, paid
    for refund in row.refunds:
        yield (
            facts.ORDER_REFUNDED,
            f":{refund.refund_id}",
            refund.at,
            {
                "refund_id": refund.refund_id,
                "amount": refund.net,
                "net_after": refund.net_after,
                "lines": _plain(refund.lines),
            },
        )
    if state.cancelled_at is not None and not row.was_cancelled:
        yield facts.ORDER_CANCELLED, "", state.cancelled_at, {}


def _write_orders(rows: dict[Key, OrderRow]) -> None:
    temporary_table(
        "order_told",
        "customer_id bigint, source text, number text, ordered_at timestamptz, net bigint, counts boolean,"
        " is_history boolean, told_at jsonb, cancelled_at timestamptz, confirmed boolean, currency text,"
        " total bigint, tax bigint, shipping bigint, discount bigint, coupon text, paid_at timestamptz,"
        " refunded bigint, rate numeric",
    )
    copy_rows(
        "order_told",
        ("customer_id", "source", "number", *ORDER_COLUMNS),
        ((*key, *order_values(row.state, is_history=row.is_history)) for key, row in rows.items()),
    )
    execute("ANALYZE order_told")
    execute(statement("upsert_orders"))


def _write_lines(rows: dict[Key, OrderRow]) -> None:
    """Replace the lines of the orders whose lines were told."""
    told = {key: row for key, row in rows.items() if row.lines_told}
    if not told:
        return
    execute(
        "DELETE FROM users_orderline line"
        " USING unnest(%s::bigint[], %s::text[], %s::text[]) AS told (customer_id, source, number)"
        " WHERE (line.customer_id, line.source, line.number) = (told.customer_id, told.source, told.number)",
        columns_of(told),
    )
    copy_rows(
        "users_orderline",
        ("customer_id", "source", "number", *LINE_COLUMNS),
        ((*key, *line) for key, row in told.items() for line in line_values(row.state)),
    )
    products.put_lines_right(columns_of(told))


def write_refunds(rows: dict[Key, OrderRow]) -> None:
    """Put new refunds on record, and right those told of another time or rate."""
    copy_rows(
        "users_refund",
        ("customer_id", "source", "number", *REFUND_COLUMNS),
        (
            (
                *key,
                one.refund_id,
                row.refunded_at[one.refund_id],
                True,
                one.amount,
                one.net,
                json.dumps(_plain(one.lines)),
            )
            for key, row in rows.items()
            for one in row.refunds
        ),
    )
    rated = {
        key for key, row in rows.items() if row.was_rate not in (None, row.state.rate) and row.refunded_at
    }
    if rated:
        execute(
            "UPDATE users_refund refund SET net = round(refund.amount * told.rate) FROM order_told told"
            " WHERE (refund.customer_id, refund.source, refund.number)"
            " = (told.customer_id, told.source, told.number)"
        )
    redated = [(*key, *one) for key, row in rows.items() for one in row.redated.items()]
    if redated:
        execute(
            "UPDATE users_refund refund SET refunded_at = told.at"
            " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[])"
            " AS told (customer_id, source, number, refund_id, at)"
            " WHERE (refund.customer_id, refund.source, refund.number, refund.refund_id)"
            " = (told.customer_id, told.source, told.number, told.refund_id)",
            [list(column) for column in zip(*redated, strict=True)],
        )


def columns_of(keys: Iterable[Key]) -> list[list[Any]]:
    """Keys of orders as three arrays: customers, sources, numbers."""
    return [list(column) for column in zip(*keys, strict=True)]


def _plain(lines: Iterable[Line]) -> list[dict[str, Any]]:
    return [
        {
            "line_id": one.line_id,
            "product_id": one.product_id,
            "sku": one.sku,
            "quantity": one.quantity,
            "amount": one.amount,
        }
        for one in lines
    ]


def order_owners(orders: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Whose orders (source, number) are, as far as they are known."""
    pairs = sorted(set(orders))
    rows = fetch(
        "SELECT key.source, key.number, key.customer_id FROM unnest(%s::text[], %s::text[]) AS asked (source, number)"
        " JOIN users_orderkey key USING (source, number)",
        [[source for source, _ in pairs], [number for _, number in pairs]],
    )
    return {(source, number): customer_id for source, number, customer_id in rows}


def orders_on_record(keys: Iterable[Key]) -> dict[Key, OrderRow]:
    """Orders as known, with their lines."""
    given = asked_for(keys)
    known = {
        (row[0], row[1], row[2]): _known(*row[3:]) for row in fetch(statement("orders_on_record"), given)
    }
    lines = fetch(statement("lines_on_record"), asked_for(known)) if known else []
    for customer_id, source, number, *line in lines:
        state = known[customer_id, source, number].state
        state.lines = (*state.lines, Line(*line))
    return known


def asked_for(keys: Iterable[Key]) -> dict[str, list[Any]]:
    """Keys as the parameters of the statements about orders on record."""
    asked = sorted(set(keys))
    return {
        "ids": [customer_id for customer_id, _source, _number in asked],
        "sources": [source for _id, source, _number in asked],
        "numbers": [number for _id, _source, number in asked],
    }
