"""What the shop's back end says of its orders over the storefront API, as the order events of the tracking API.

Amounts come in minor units and are told in major units, as Segment's events have them; reading, order and refusals are
those of the intake (``users/orders.py``, ``services/intake``).
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.refusal import NotFound, Refusal
from users import shop
from users.models import Order, OrderKey
from users.money import is_currency, major_text
from users.orders import DEFAULT_SOURCE, SOURCE_PROPERTY, OrderEvent
from users.services import audit
from users.services.intake import at_once
from users.services.intake.counts import Applied
from users.tracking.items import Item

AMOUNTS = ("total", "tax", "shipping", "discount")
PLAIN = ("line_id", "product_id", "sku", "name", "category", "quantity")


@transaction.atomic
def place(
    told: Mapping[str, Any], *, name: Mapping[str, str], at: datetime, key: int, actor: str, now: datetime
) -> tuple[Order, bool]:
    """Tell an order (`Order Completed`) of the customer whom ``name`` names; the order, and whether it is new.

    Refuses ``order_of_another`` where it is known as somebody else's: the first telling decides whose it is.
    """
    source, number = told.get("source", DEFAULT_SOURCE), told["number"]
    done = _tell(
        OrderEvent.COMPLETED,
        {**told, "paid": told.get("paid", True)},
        source,
        number,
        name=name,
        at=at,
        key=key,
        now=now,
        is_history=bool(told.get("history")),
    )
    order = order_of(source, number)
    if order.customer_id != at_once.owner_of(name).pk:
        raise Refusal(
            "order_of_another",
            _("An order with this number belongs to another customer."),
            field="number",
            status=409,
        )
    _record("order.place", order, actor, {"new": True} if done.orders else {})
    return order, done.orders > 0


@transaction.atomic
def change(
    order: Order, told: Mapping[str, Any], *, at: datetime, key: int, actor: str, now: datetime
) -> Order:
    """Say what has changed of an order (`Order Updated`)."""
    _tell(
        OrderEvent.UPDATED, told, order.source, order.number, at=at, key=key, now=now, currency=order.currency
    )
    _record("order.change", order, actor, {"fields": sorted(told)})
    return order_of(order.source, order.number)


@transaction.atomic
def refund(
    order: Order, told: Mapping[str, Any], *, at: datetime, key: int, actor: str, now: datetime
) -> Order:
    """Give money back (`Order Refunded`); the refund id makes it count once."""
    _tell(
        OrderEvent.REFUNDED,
        told,
        order.source,
        order.number,
        at=at,
        key=key,
        now=now,
        currency=order.currency,
    )
    _record("order.refund", order, actor, {"refund_id": told["refund_id"]})
    return order_of(order.source, order.number)


@transaction.atomic
def cancel(
    order: Order, told: Mapping[str, Any], *, at: datetime, key: int, actor: str, now: datetime
) -> Order:
    """Cancel an order (`Order Cancelled`); once is enough."""
    _tell(
        OrderEvent.CANCELLED,
        told,
        order.source,
        order.number,
        at=at,
        key=key,
        now=now,
        currency=order.currency,
    )
    _record("order.cancel", order, actor, {})
    return order_of(order.source, order.number)


def order_of(source: str, number: str) -> Order:
    """The order of that number. Refuses ``not_found``."""
    named = {"source": source.replace("\0", ""), "number": number.replace("\0", "")}
    owner = OrderKey.objects.filter(**named).values_list("customer_id", flat=True).first()
    found = (
        Order.objects.select_related("customer").filter(**named, customer=owner).first() if owner else None
    )
    if found is None or found.customer.erased_at is not None:
        raise NotFound(_("There is no such order."))
    return found


def _record(act: str, order: Order, actor: str, after: dict[str, Any]) -> None:
    told = {"source": order.source, "number": order.number, **after}
    audit.record(act, by=None, actor=actor, target=order.customer, after=told)


def _tell(
    event: OrderEvent,
    told: Mapping[str, Any],
    source: str,
    number: str,
    *,
    at: datetime,
    key: int,
    now: datetime,
    name: Mapping[str, str] | None = None,
    currency: str = "",
    is_history: bool = False,
) -> Applied:
    """One order event; without a name it is of whoever owns the order."""
    properties = _properties(told, str(told.get("currency") or currency or shop.currency.get()).upper())
    properties |= {"order_id": number, SOURCE_PROPERTY: source}
    (item,) = at_once.read_all([_event(event, properties, name, at)], now=now)
    return at_once.tell([_named(item, name)], key=key, now=now, is_history=is_history)


def _event(
    event: OrderEvent, properties: dict[str, Any], name: Mapping[str, str] | None, at: datetime
) -> dict[str, Any]:
    return {
        "type": "track",
        "event": event.value,
        "messageId": secrets.token_hex(16),
        "timestamp": at.isoformat(),
        "properties": properties,
        **(name or {"anonymousId": "?"}),
    }


def _named(item: Item, name: Mapping[str, str] | None) -> Item:
    """What names nobody goes to whose the order is."""
    return item if name else {**item, "user_id": None, "anonymous_id": None}


def _properties(told: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """What is told as Segment's e-commerce events have it. Refuses an unknown currency."""
    if not is_currency(currency):
        raise Refusal("unknown_currency", _("There is no such currency."), field="currency")
    said: dict[str, Any] = {"currency": currency} if told.get("currency") or _has_money(told) else {}
    said |= {name: major_text(told[name], currency) for name in (*AMOUNTS, "amount") if name in told}
    said |= {name: told[name] for name in ("coupon", "refund_id") if name in told}
    if "paid" in told:
        said["payment_status"] = "paid" if told["paid"] else "pending"
    if "lines" in told:
        said["products"] = _products(told["lines"], currency)
    return said


def _has_money(told: Mapping[str, Any]) -> bool:
    return "lines" in told or any(name in told for name in (*AMOUNTS, "amount"))


def _products(lines: Sequence[Mapping[str, Any]], currency: str) -> list[dict[str, Any]]:
    return [
        {
            **{name: line[name] for name in PLAIN if name in line},
            **{name: major_text(line[name], currency) for name in ("price", "amount") if name in line},
        }
        for line in lines
    ]
