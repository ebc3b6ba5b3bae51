"""What the rows of an order say: the order they tell, as the events of the intake, and the orders to be written."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from users.orders import DEFAULT_SOURCE, LONGEST_NUMBER, SOURCE_PROPERTY, OrderEvent
from users.services.exchange_rates import Rates
from users.services.imports.kinds import Batch, Row, Verdict, refused
from users.services.imports.order_fields import HEADER_FIELDS, LINE_FIELDS
from users.services.orders import Key, OrderRow

Saying = tuple[OrderEvent, str, datetime, dict[str, Any]]
"""An event that rows amount to: which, its message id, its instant, its properties."""


def order_of(row: Row) -> tuple[str, str]:
    """Which order a row speaks of: source and number."""
    return row.values.get("source", DEFAULT_SOURCE), str(row.values["number"])


@dataclass(slots=True)
class Told:
    """An order of the file: its rows, what they say as the intake's events, and whose it will be.

    ``row``: the order as it will be, once its rules have heard all that.
    """

    rows: list[Row]
    order: tuple[str, str]
    customer_id: int | None
    said: list[Saying] = field(default_factory=list)
    row: OrderRow | None = None

    @property
    def currency(self) -> str:
        """The currency named, else ""."""
        return str(self.rows[0].values.get("currency", "")).upper()

    @property
    def key(self) -> Key:
        """The order's key; of a customer who is not known yet with 0."""
        return (self.customer_id or 0, *self.order)


@dataclass(slots=True)
class Ledger:
    """The orders that will be written; ``known`` are those on record before, ``claimed`` the numbers taken."""

    rates: Rates
    known: frozenset[Key] = frozenset()
    claimed: frozenset[tuple[str, str]] = frozenset()
    chosen: list[Told] = field(default_factory=list)


def contradiction(rows: list[Row]) -> Verdict | None:
    """Rows of one order that name different customers, dates or sums."""
    first = rows[0]
    for row in rows[1:]:
        if row.key != first.key:
            return refused("rows_disagree", "customer", row=row.no)
        for name in HEADER_FIELDS:
            if name in row.values and row.values[name] != first.values.get(name, row.values[name]):
                return refused("rows_disagree", name, row=row.no)
    return None


def said_by(told: Told, batch: Batch) -> Iterator[Saying]:
    """The events that the rows of an order amount to."""
    first, values = told.rows[0], told.rows[0].values
    at = values["ordered_at"]
    source, number = told.order
    named: dict[str, Any] = {"order_id": number, SOURCE_PROPERTY: source}
    if "currency" in values:
        named["currency"] = values["currency"]
    properties: dict[str, Any] = dict(named)
    properties |= {
        name: values[name] for name in ("total", "tax", "shipping", "discount", "coupon") if name in values
    }
    properties["payment_status"] = "pending" if values.get("status") == "open" else "paid"
    if products := [line for row in told.rows if (line := _line_of(row))]:
        properties["products"] = products
    yield OrderEvent.COMPLETED, batch.message_id(first.no), at, properties
    refunds: set[str] = set()
    for row in told.rows:
        if "refund_amount" not in row.values or Decimal(row.values["refund_amount"]) == 0:
            continue
        refund_id = row.values.get("refund_id") or f"{number}-refund"[:LONGEST_NUMBER]
        if refund_id in refunds:
            continue
        refunds.add(refund_id)
        refund = {**named, "refund_id": refund_id, "amount": row.values["refund_amount"]}
        yield (
            OrderEvent.REFUNDED,
            batch.message_id(row.no, ":refund"),
            row.values.get("refunded_at", at),
            refund,
        )
    if values.get("status") == "cancelled" or "cancelled_at" in values:
        yield (
            OrderEvent.CANCELLED,
            batch.message_id(first.no, ":cancel"),
            values.get("cancelled_at", at),
            named,
        )


def _line_of(row: Row) -> dict[str, Any]:
    line = {name: row.values[name] for name in LINE_FIELDS if name in row.values}
    if "product_name" in line:
        line["name"] = line.pop("product_name")
    return line if {"product_id", "sku", "name"} & line.keys() else {}
