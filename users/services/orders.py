"""Orders of a batch: what is known of them, what the batch adds, and putting the outcome on record.

``users.orders`` says how tellings add up; here it meets the tables. The customers' Standing rows must be
locked.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config.kit.batches import copy_rows, execute, fetch, temporary_table
from users import facts
from users.orders import Line, OrderEvent, OrderState, Telling
from users.services import products
from users.services.events import NewEvent, record_many
from users.services.sql import statement
from users.services.touch import touch
from users.topics import TouchTopic

# One source until marketplaces bring theirs; numbers are unique within a source.
SOURCE = "shop"

Key = tuple[int, str]  # (customer, number)
FIGURES = ("confirmed", "currency", "total", "tax", "shipping", "discount", "coupon", "paid_at", "refunded")
LINE_COLUMNS = ("product_id", "sku", "name", "category", "quantity", "price", "amount")


@dataclass(frozen=True, slots=True)
class NewRefund:
    """A refund that counts: confirmed, of a known order, no more than what was left of it."""

    refund_id: str
    at: datetime
    amount: int
    lines: tuple[Line, ...]
    net_after: int


@dataclass(slots=True)
class OrderRow:
    """An order in hand: its state, whether its start was history, its refunds, and what the batch changed."""

    state: OrderState
    is_history: bool
    refund_ids: set[str] = field(default_factory=set)
    was_paid: bool = False
    was_cancelled: bool = False
    refunds: list[NewRefund] = field(default_factory=list)
    lines_told: bool = False


@dataclass(slots=True)
class OrderPlan:
    """The orders a batch speaks of, as they will be."""

    oldest_trigger: datetime
    is_history: bool
    new_keys: int = 0
    orders: dict[Key, OrderRow] = field(default_factory=dict)
    changed: set[Key] = field(default_factory=set)

    def start_from(self, known: dict[Key, OrderRow]) -> None:
        """Begin with the orders on record."""
        self.orders = known

    def hear(self, customer_id: int, telling: Telling) -> str:
        """Add one telling; why it is refused, or "" when it is not."""
        key = (customer_id, telling.number)
        if telling.event in (OrderEvent.COMPLETED, OrderEvent.UPDATED):
            return self._tell(key, telling)
        if not telling.confirmed:
            return ""  # an event like any other; it changes no order
        row = self.orders.get(key)
        if row is None or not row.state.confirmed:
            return "unknown_order"
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
        _write_refunds(rows)
        recount({key[0] for key, row in rows.items() if not row.is_history})
        recount({key[0] for key, row in rows.items() if row.is_history}, is_history=True)
        record_many(self._facts(rows), now=now)
        products.note_lines(line for row in rows.values() if row.state.confirmed for line in row.state.lines)

    def _tell(self, key: Key, telling: Telling) -> str:
        row = self.orders.get(key)
        if row is None:
            if "total" not in telling.said:
                return "unknown_order"
            row = self.orders[key] = OrderRow(OrderState(), is_history=True)
        was_confirmed = row.state.confirmed
        row.state.hear(telling)
        news = telling.lines is not None and row.state.lines is telling.lines
        row.lines_told = row.lines_told or news or row.state.confirmed != was_confirmed
        if row.state.is_paid and not row.was_paid:
            # Whether an order starts anything is decided when it is first paid.
            row.is_history = self.is_history or row.state.ordered_at < self.oldest_trigger
        self.changed.add(key)
        return ""

    def _refund(self, key: Key, telling: Telling) -> str:
        row = self.orders[key]
        state = row.state
        if telling.refund_id in row.refund_ids:
            return ""
        left = (state.total or 0) - state.refunded
        amount = left if telling.amount is None else telling.amount
        if amount > left:
            return "refund_over_total"
        state.refunded += amount
        row.refund_ids.add(telling.refund_id)
        row.refunds.append(NewRefund(telling.refund_id, telling.at, amount, telling.lines or (), state.net))
        self.changed.add(key)
        return ""

    def _cancel(self, key: Key, telling: Telling) -> str:
        self.orders[key].state.cancel(telling)
        self.changed.add(key)
        return ""

    def _facts(self, rows: dict[Key, OrderRow]) -> Iterator[NewEvent]:
        for (customer_id, number), row in rows.items():
            for name, suffix, at, properties in _news(row):
                yield NewEvent(
                    customer_id=customer_id,
                    name=name,
                    key=f"{name}:{SOURCE}:{number}{suffix}",
                    occurred_at=at,
                    properties={"source": SOURCE, "number": number, **properties},
                    starts_things=not row.is_history,
                )


def recount(customer_ids: Iterable[int], *, is_history: bool = False) -> None:
    """Take the order figures of customers anew from their orders that count."""
    ids = sorted(customer_ids)
    if ids:
        execute(statement("order_figures"), {"ids": ids})
        touch(ids, TouchTopic.ORDERS, is_history=is_history)


def known_orders() -> dict[Key, OrderRow]:
    """The orders on record that the batch's items (temporary table ``order_item``) speak of."""
    return {
        (row[0], row[1]): _known(*row[2:]) for row in fetch(statement("known_orders"), {"source": SOURCE})
    }


def _known(
    is_history: bool, told_at: str, refund_ids: list[str], cancelled_at: datetime | None, *figures: Any
) -> OrderRow:
    told = {name: datetime.fromisoformat(at) for name, at in json.loads(told_at).items()}
    state = OrderState(told_at=told, cancelled_at=cancelled_at, **dict(zip(FIGURES, figures, strict=True)))
    return OrderRow(
        state=state,
        is_history=is_history,
        refund_ids=set(refund_ids),
        was_paid=state.is_paid,
        was_cancelled=cancelled_at is not None,
    )


def _news(row: OrderRow) -> Iterator[tuple[str, str, datetime, dict[str, Any]]]:
    """What became true with this batch: (event, suffix of its key, instant, properties)."""
    state = row.state
    if state.is_paid and not row.was_paid:
        assert state.paid_at is not None
        paid = {"net": state.net_before_refunds, "currency": state.currency, "paid_at": state.paid_at}
        yield facts.ORDER_PAID, "", state.paid_at, paid
    for refund in row.refunds:
        yield (
            facts.ORDER_REFUNDED,
            f":{refund.refund_id}",
            refund.at,
            {
                "refund_id": refund.refund_id,
                "amount": refund.amount,
                "net_after": refund.net_after,
                "lines": _plain(refund.lines),
            },
        )
    if state.cancelled_at is not None and not row.was_cancelled:
        yield facts.ORDER_CANCELLED, "", state.cancelled_at, {}


def _write_orders(rows: dict[Key, OrderRow]) -> None:
    temporary_table(
        "order_told",
        "customer_id bigint, number text, ordered_at timestamptz, net bigint, counts boolean,"
        " is_history boolean, told_at jsonb, cancelled_at timestamptz, confirmed boolean, currency text,"
        " total bigint, tax bigint, shipping bigint, discount bigint, coupon text, paid_at timestamptz,"
        " refunded bigint",
    )
    copy_rows(
        "order_told",
        ("customer_id", "number", "ordered_at", "net", "counts", "is_history", "told_at", "cancelled_at",
         *FIGURES),
        (
            (
                *key, row.state.ordered_at, row.state.net, row.state.counts, row.is_history,
                json.dumps({name: at.isoformat() for name, at in row.state.told_at.items()}),
                row.state.cancelled_at, *(getattr(row.state, name) for name in FIGURES),
            )
            for key, row in rows.items()
        ),
    )  # fmt: skip
    execute("ANALYZE order_told")
    execute(statement("upsert_orders"), {"source": SOURCE})


def _write_lines(rows: dict[Key, OrderRow]) -> None:
    """Replace the lines of the orders whose lines were told."""
    told = {key: row for key, row in rows.items() if row.lines_told}
    if not told:
        return
    execute(
        "DELETE FROM users_orderline line"
        " USING unnest(%s::bigint[], %s::text[]) AS told (customer_id, number)"
        " WHERE line.customer_id = told.customer_id AND line.source = %s AND line.number = told.number",
        [[customer_id for customer_id, _ in told], [number for _, number in told], SOURCE],
    )
    copy_rows(
        "users_orderline",
        ("customer_id", "source", "number", "line", *LINE_COLUMNS),
        (
            (customer_id, SOURCE, number, position, *(getattr(line, name) for name in LINE_COLUMNS))
            for (customer_id, number), row in told.items()
            for position, line in enumerate(row.state.lines, start=1)
        ),
    )


def _write_refunds(rows: dict[Key, OrderRow]) -> None:
    copy_rows(
        "users_refund",
        ("customer_id", "source", "number", "refund_id", "refunded_at", "confirmed", "amount", "lines"),
        (
            (
                *(key[0], SOURCE, key[1]),
                one.refund_id,
                one.at,
                True,
                one.amount,
                json.dumps(_plain(one.lines)),
            )
            for key, row in rows.items()
            for one in row.refunds
        ),
    )


def _plain(lines: Iterable[Line]) -> list[dict[str, Any]]:
    return [
        {"product_id": one.product_id, "sku": one.sku, "quantity": one.quantity, "amount": one.amount}
        for one in lines
    ]


def order_owners(numbers: Iterable[str]) -> dict[str, int]:
    """Whose the orders with these numbers are, as far as they are known."""
    rows = fetch(
        "SELECT number, customer_id FROM users_orderkey WHERE source = %s AND number = ANY(%s)",
        [SOURCE, list(numbers)],
    )
    return dict(rows)


def orders_on_record(keys: Iterable[Key]) -> dict[Key, OrderRow]:
    """Orders as known, by customer and number, with their lines."""
    pairs = sorted(set(keys))
    given = {"source": SOURCE, "ids": [pk for pk, _ in pairs], "numbers": [number for _, number in pairs]}
    known = {(row[0], row[1]): _known(*row[2:]) for row in fetch(statement("orders_on_record"), given)}
    for customer_id, number, *line in fetch(statement("lines_on_record"), given):
        state = known[customer_id, number].state
        state.lines = (*state.lines, Line(*line))
    return known
