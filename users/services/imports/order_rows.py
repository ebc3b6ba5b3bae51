"""What the rows of an order say: the order they tell, as the events of the intake, and the orders to be written."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from users.orders import DEFAULT_SOURCE, LONGEST_NUMBER, SOURCE_PROPERTY, OrderEvent
from users.services.exchange_rates import Rates
from users.services.imports.kinds import Batch, Row, Verdict, refused
from users.services.imports.order_fields import GIVEN_BACK, HEADER_FIELDS, LINE_FIELDS
from users.services.orders import Key, OrderRow

NAMES_LINE = frozenset({"refund_line_id", "refund_sku"})
Saying = tuple[OrderEvent, str, datetime, dict[str, Any]]
"""An event that rows amount to: which, its message id, its instant, its properties."""


def order_of(row: Row) -> tuple[str, str]:
    """Which order a row speaks of: source and number."""
    return row.values.get("source", DEFAULT_SOURCE), str(row.values["number"])


@dataclass(slots=True)
class Told:
    """An order of the file: its rows, what they say as the intake's events, and whose it will be.

    ``size``: rows with those that repeat others. ``row``: the order as it will be, once its rules have heard all that.
    """

    rows: list[Row]
    order: tuple[str, str]
    customer_id: int | None
    size: int
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
    for refund_id, refund in refunds_of(told.rows, number).items():
        properties = {**named, "refund_id": refund_id}
        if refund.amount is not None:
            properties["amount"] = refund.amount
        if refund.lines:
            properties["products"] = refund.lines
        message_id = batch.message_id(refund.first.no, ":refund")
        yield OrderEvent.REFUNDED, message_id, refund.first.values.get("refunded_at", at), properties
    if values.get("status") == "cancelled" or "cancelled_at" in values:
        yield (
            OrderEvent.CANCELLED,
            batch.message_id(first.no, ":cancel"),
            values.get("cancelled_at", at),
            named,
        )


def plain(properties: dict[str, Any]) -> dict[str, Any]:
    """As back ends tell it: a total is a number, which rules can sum."""
    return {**properties, "total": float(properties["total"])} if "total" in properties else properties


@dataclass(slots=True)
class Refunding:
    """A refund that rows tell: the first of them, the amount as a whole, and the lines they name."""

    first: Row
    amount: str | None
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_known(self) -> bool:
        """Whether the rows say how much is given back: as a whole, or of each line."""
        return self.amount is not None or all("amount" in line for line in self.lines)


def refunds_of(rows: Iterable[Row], number: str) -> dict[str, Refunding]:
    """The refunds of an order by their ids. Rows of one id are one refund: its amount stands in the first that has
    one, and each row may name a line that it gives back."""
    found: dict[str, Refunding] = {}
    for row in rows:
        values = row.values
        line = {name: values[column] for column, name in GIVEN_BACK.items() if column in values}
        amount = values.get("refund_amount")
        if amount is not None and Decimal(amount) == 0:
            amount = None
        if not line and amount is None:
            continue
        refund_id = values.get("refund_id") or f"{number}-refund"[:LONGEST_NUMBER]
        refund = found.setdefault(refund_id, Refunding(row, amount))
        refund.amount = amount if refund.amount is None else refund.amount
        refund.lines += [line] if line else []
    return found


def unclear_refund(rows: Sequence[Row]) -> Verdict | None:
    """A refund of pieces without saying of what, or without an amount."""
    for row in rows:
        if GIVEN_BACK.keys() & row.values.keys() and not NAMES_LINE & row.values.keys():
            return refused("missing", "refund_sku", row=row.no)
    for refund in refunds_of(rows, "").values():
        if not refund.is_known:
            return refused("missing", "refund_amount", row=refund.first.no)
    return None


def _line_of(row: Row) -> dict[str, Any]:
    line = {name: row.values[name] for name in LINE_FIELDS if name in row.values}
    if "product_name" in line:
        line["name"] = line.pop("product_name")
    return line if {"product_id", "sku", "name"} & line.keys() else {}
