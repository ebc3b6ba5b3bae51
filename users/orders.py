"""What order events say, and how what they say adds up to an order: pure, in any order, any number of times.

An order is told by "Order Completed" and "Order Updated" events. Of each field the latest telling holds (by
the instant of the event, not of its arrival), an event that leaves a field out says nothing about it, and
once paid is paid (money given back is a refund). So shuffled, late and repeated events end in the same order.

A telling without a server key is *unconfirmed*: it never counts, and the first confirmed one starts afresh.
Orders of different sources (web shop, till, marketplace) never meet: a number is unique within its source.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from users.money import NotMoney, is_currency, minor_units
from users.shares import split

DEFAULT_SOURCE = "shop"
"""Where an order comes from when nobody says otherwise."""
SOURCE_PROPERTY = "channel_of_sale"
SOURCE_SHAPE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
LONGEST_NUMBER = 100
MOST_PIECES = 1_000_000
PAID = frozenset({"paid", "partially_refunded", "refunded"})
AMOUNTS = ("tax", "shipping", "discount")


class OrderEvent(StrEnum):
    """The events of Segment's e-commerce specification that are about orders."""

    COMPLETED = "Order Completed"
    UPDATED = "Order Updated"
    REFUNDED = "Order Refunded"
    CANCELLED = "Order Cancelled"


class Unusable(ValueError):
    """An order event that cannot be understood; ``code`` says why, ``field`` where."""

    def __init__(self, code: str, field: str) -> None:
        super().__init__(code)
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class Line:
    """One product of an order or a refund; ``price`` and ``amount`` in minor units.

    ``line_id``: the shop's own number of the line. A refund's line of 0 pieces is the whole line.
    """

    product_id: str
    sku: str
    name: str
    category: str
    quantity: int
    price: int
    amount: int
    line_id: str = ""


@dataclass(frozen=True, slots=True)
class Telling:
    """What one event says of an order. ``said`` holds the fields it names; amounts in minor units.

    For a refund: ``refund_id`` (else the message id) and ``amount`` (None: all that is left).
    ``names_currency``: whether ``currency`` was told, and is not just the shop's.
    """

    event: OrderEvent
    number: str
    at: datetime
    confirmed: bool
    currency: str
    said: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[Line, ...] | None = None
    refund_id: str = ""
    amount: int | None = None
    source: str = DEFAULT_SOURCE
    names_currency: bool = True


@dataclass(slots=True)
class OrderState:
    """An order as told so far.

    ``told_at``: when each field was last told, and when the order was first "completed" and "updated".
    Amounts are in minor units of ``currency``; ``rate`` is what one of them is worth in minor units of the
    shop's currency, ``refunds`` the amounts given back, each converted by itself.
    """

    confirmed: bool = False
    currency: str = ""
    total: int | None = None
    tax: int = 0
    shipping: int = 0
    discount: int = 0
    coupon: str = ""
    lines: tuple[Line, ...] = ()
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None
    refunded: int = 0
    rate: Decimal = Decimal(1)
    refunds: tuple[int, ...] = ()
    told_at: dict[str, datetime] = field(default_factory=dict)

    @property
    def ordered_at(self) -> datetime:
        """When it was ordered: the first "Order Completed", until that arrives the first update."""
        return self.told_at.get("completed") or self.told_at["updated"]

    @property
    def net(self) -> int:
        """total − tax − shipping − refunds, in the shop's currency."""
        return self.net_before_refunds - sum(map(self.in_shop_currency, self.refunds))

    @property
    def net_before_refunds(self) -> int:
        """total − tax − shipping in the shop's currency: what the order brought when it was paid."""
        return self.in_shop_currency((self.total or 0) - self.tax - self.shipping)

    @property
    def shares(self) -> list[int | None]:
        """What each line has of the net, unless a refund named lines (``users/services/shares.py``)."""
        return split(self.net, [line.amount for line in self.lines])

    @property
    def sold_at(self) -> datetime | None:
        """When it was ordered, while it counts."""
        return self.ordered_at if self.counts else None

    @property
    def priced(self) -> "list[Line]":
        """The lines, with prices in the shop's currency."""
        if self.rate == 1:
            return list(self.lines)
        return [replace(line, price=self.in_shop_currency(line.price)) for line in self.lines]

    def in_shop_currency(self, amount: int) -> int:
        """An amount of the order at the rate of its day, halves away from zero."""
        return amount if self.rate == 1 else int((amount * self.rate).quantize(Decimal(1), ROUND_HALF_UP))

    @property
    def is_paid(self) -> bool:
        """Confirmed, paid and not cancelled, whatever was given back since."""
        return self.confirmed and self.paid_at is not None and self.cancelled_at is None

    @property
    def counts(self) -> bool:
        """Whether figures include it: paid, and not wholly refunded."""
        wholly_refunded = 0 < self.refunded >= (self.total or 0)
        return self.is_paid and not wholly_refunded

    def hear(self, telling: Telling) -> None:
        """Add what "Order Completed" or "Order Updated" says."""
        if telling.confirmed != self.confirmed:
            if self.confirmed:
                return
            if self.told_at:
                self._forget()
        self.confirmed = telling.confirmed
        self._date(telling)
        said = dict(telling.said)
        if telling.names_currency:
            said["currency"] = telling.currency
        self.currency = self.currency or telling.currency
        if telling.lines is not None:
            said["lines"] = telling.lines
        for name, value in said.items():
            if name == "paid":
                self.paid_at = min(self.paid_at or telling.at, telling.at) if value else self.paid_at
            elif name not in self.told_at or self.told_at[name] <= telling.at:
                setattr(self, name, value)
                self.told_at[name] = telling.at

    def cancel(self, telling: Telling) -> None:
        """Add a confirmed cancellation."""
        self.cancelled_at = min(self.cancelled_at or telling.at, telling.at)

    def _date(self, telling: Telling) -> None:
        name = "completed" if telling.event is OrderEvent.COMPLETED else "updated"
        self.told_at[name] = min(self.told_at.get(name, telling.at), telling.at)

    def _forget(self) -> None:
        """Drop what was only claimed."""
        blank = OrderState()
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(blank, name))


def read(
    event: OrderEvent,
    properties: Mapping[str, Any],
    *,
    message_id: str,
    at: datetime,
    confirmed: bool,
    shop_currency: str,
) -> Telling:
    """What an event says of an order. Raises Unusable."""
    number = _text(properties.get("order_id"), LONGEST_NUMBER + 1)
    if not 0 < len(number) <= LONGEST_NUMBER:
        raise Unusable("too_long" if number else "no_order_id", "order_id")
    named = _text(properties.get("currency"), 4).upper()
    currency = named or shop_currency
    if not is_currency(currency):
        raise Unusable("unknown_currency", "currency")
    source = _source(properties) if confirmed else DEFAULT_SOURCE
    lines = _lines(properties, currency, _given_back if event is OrderEvent.REFUNDED else _line)
    if event is OrderEvent.REFUNDED:
        refund_id = _text(properties.get("refund_id"), LONGEST_NUMBER) or message_id
        amount = _refund_amount(properties, lines, currency)
        return Telling(
            event, number, at, confirmed, currency, lines=lines, refund_id=refund_id, amount=amount,
            source=source, names_currency=bool(named),
        )  # fmt: skip
    said = _said(event, properties, currency)
    if event is OrderEvent.COMPLETED and "total" not in said:
        raise Unusable("no_amount", "total")
    return Telling(
        event,
        number,
        at,
        confirmed,
        currency,
        said=said,
        lines=lines,
        source=source,
        names_currency=bool(named),
    )


def parse(properties: str) -> dict[str, Any]:
    """Properties from JSON text with exact decimals."""
    parsed: dict[str, Any] = json.loads(properties, parse_float=Decimal)
    return parsed


def _source(properties: Mapping[str, Any]) -> str:
    """Where the order comes from; only a server key may say so."""
    told = properties.get(SOURCE_PROPERTY)
    if told is None or told == "":
        return DEFAULT_SOURCE
    source = told.strip().lower() if isinstance(told, str) else ""
    if not SOURCE_SHAPE.fullmatch(source):
        raise Unusable("bad_source", SOURCE_PROPERTY)
    return source


def _said(event: OrderEvent, properties: Mapping[str, Any], currency: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        name: amount for name in AMOUNTS if (amount := _amount(properties, name, currency)) is not None
    }
    total, revenue = (_amount(properties, name, currency) for name in ("total", "revenue"))
    if total is None and revenue is not None:
        total = revenue + said.get("shipping", 0) + said.get("tax", 0) - said.get("discount", 0)
        if total < 0:
            raise Unusable("bad_amount", "discount")
    if total is not None:
        said["total"] = total
    if coupon := _text(properties.get("coupon"), 100):
        said["coupon"] = coupon
    status = properties.get("payment_status")
    if status is not None or event is OrderEvent.COMPLETED:
        said["paid"] = status is None or status in PAID
    return said


def _refund_amount(
    properties: Mapping[str, Any], lines: tuple[Line, ...] | None, currency: str
) -> int | None:
    """What is given back: as told, else what its products cost, else None, all that is left."""
    for name in ("amount", "total", "revenue", "value"):
        if (amount := _amount(properties, name, currency)) is not None:
            return amount
    if not lines:
        return None
    if not all(line.amount for line in lines):
        raise Unusable("no_amount", "products.price")
    return sum(line.amount for line in lines)


def _amount(properties: Mapping[str, Any], name: str, currency: str) -> int | None:
    value = properties.get(name)
    if value is None or value == "":
        return None
    try:
        return minor_units(value, currency)
    except NotMoney:
        raise Unusable("bad_amount", name) from None


def _lines(
    properties: Mapping[str, Any], currency: str, read_one: Callable[[Mapping[str, Any], str], Line]
) -> tuple[Line, ...] | None:
    products = properties.get("products")
    if products is None:
        return None
    if not isinstance(products, list) or not all(isinstance(product, dict) for product in products):
        raise Unusable("bad_products", "products")
    return tuple(read_one(product, currency) for product in products)


def _line(product: Mapping[str, Any], currency: str) -> Line:
    quantity = _quantity(product.get("quantity"))
    price = _amount(product, "price", currency) or 0
    return Line(
        product_id=_text(product.get("product_id"), 100),
        sku=_text(product.get("sku"), 100),
        name=_text(product.get("name"), 250),
        category=_text(product.get("category"), 100),
        quantity=quantity,
        price=price,
        amount=price * quantity,
        line_id=_text(product.get("line_id"), 100),
    )


def _given_back(product: Mapping[str, Any], currency: str) -> Line:
    """A line of a refund: the amount it says, else its pieces at its price. Its number alone means all of it."""
    line = _line(product, currency)
    amount = _amount(product, "amount", currency)
    return replace(
        line,
        quantity=0 if line.line_id and product.get("quantity") is None else line.quantity,
        amount=line.amount if amount is None else amount,
    )


def _quantity(value: Any) -> int:
    if value is None:
        return 1
    whole = isinstance(value, int | Decimal) and not isinstance(value, bool) and value == int(value)
    if not whole or not 0 < value <= MOST_PIECES:
        raise Unusable("bad_quantity", "products.quantity")
    return int(value)


def _text(value: Any, longest: int) -> str:
    """A text or a whole number as text, cut where too long; anything else is as if it were not there."""
    if type(value) is str:
        return value[:longest]
    return str(value)[:longest] if type(value) is int else ""
