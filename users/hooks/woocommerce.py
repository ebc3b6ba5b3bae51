"""WooCommerce's webhooks: the resource as it is now. Refunds stand inside their order, without a time of their own."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from users.hooks.translation import (
    Catalogued,
    Placed,
    Shop,
    Teller,
    Translation,
    Untranslatable,
    guest,
    line,
    mapping,
    moment,
    moment_or_none,
    sequence,
    shop_id,
    stamp,
    tell_order,
    tell_refund,
    text,
)

PING = re.compile(rb"webhook_id=[0-9]{1,18}")
PAID = frozenset({"processing", "completed", "refunded"})
CANCELLED = frozenset({"cancelled", "trash"})
Body = Mapping[str, Any]


def is_ping(body: bytes) -> bool:
    """The form that WooCommerce sends, unsigned, when a webhook is saved."""
    return PING.fullmatch(body.strip()) is not None


def translate(topic: str, body: Body, shop: Shop, received_at: datetime) -> Translation | None:
    """What a delivery says; None for a topic that is not needed. Raises Untranslatable."""
    read = READERS.get(topic)
    return None if read is None else read(body, shop, received_at)


def _order(body: Body, shop: Shop, received_at: datetime) -> Translation:
    number = shop_id(body.get("id"))
    if "total" not in body:
        raise Untranslatable("not_an_order")
    billing = mapping(body.get("billing"))
    teller = _teller(body, number, shop, received_at)
    status, told_at = text(body.get("status")), _told_at(body)
    teller.identify(f"order:{number}:who:{stamp(told_at)}", told_at, _traits(billing))
    paid_at = moment_or_none(body.get("date_paid_gmt"))
    tell_order(
        teller,
        Placed(
            number=number,
            placed_at=moment(body.get("date_created_gmt")),
            told_at=told_at,
            is_paid=status in PAID or paid_at is not None,
            paid_at=paid_at,
            cancelled_at=told_at if status in CANCELLED else None,
            about={
                "total": body.get("total"),
                "tax": body.get("total_tax"),
                "shipping": body.get("shipping_total"),
                "discount": body.get("discount_total"),
                "currency": body.get("currency"),
                "coupon": ", ".join(text(one.get("code")) for one in sequence(body.get("coupon_lines")))
                or None,
                "order_name": text(body.get("number")) or None,
                "products": [_line(one, teller) for one in sequence(body.get("line_items"))],
            },
        ),
    )
    for refund in sequence(body.get("refunds")):
        amount = text(refund.get("total")).lstrip("-")
        tell_refund(
            teller, number, shop_id(refund.get("id")), told_at, amount=amount,
            currency=text(body.get("currency")) or None,
            products=[_refunded(one, teller) for one in sequence(refund.get("line_items"))] or None,
        )  # fmt: skip
    return Translation(teller.items, user_id=teller.user_id or "")


def _deleted_order(body: Body, shop: Shop, received_at: datetime) -> Translation:
    """Only its number is told: it is cancelled, whoever's it was."""
    teller = Teller(shop, received_at)
    number = shop_id(body.get("id"))
    teller.track(
        "Order Cancelled", f"order:{number}:deleted", received_at, teller.properties(number), unowned=True
    )
    return Translation(teller.items)


def _customer(body: Body, shop: Shop, received_at: datetime) -> Translation:
    user_id = shop.own_id(shop_id(body.get("id")))
    teller = Teller(shop, received_at, user_id=user_id)
    at = _told_at(body)
    named = {name: body.get(name) for name in ("email", "first_name", "last_name") if body.get(name)}
    told = _traits({**mapping(body.get("billing")), **named})
    teller.identify(
        f"customer:{body['id']}:{stamp(at)}", at, told | {"createdAt": text(body.get("date_created_gmt"))}
    )
    return Translation(teller.items, user_id=user_id)


def _product(body: Body, shop: Shop, received_at: datetime) -> Translation:
    """Of several categories the first counts: the shop puts the main one there."""
    if "name" not in body:
        raise Untranslatable("not_a_product")
    category = next((text(one.get("name")) for one in sequence(body.get("categories"))), "")
    product = Catalogued(
        product_id=shop.own_id(shop_id(body.get("id"))),
        at=_told_at(body),
        name=text(body.get("name")),
        category=category,
        price=text(body.get("price")) or None,
        url=text(body.get("permalink")),
        image_url=next((text(one.get("src")) for one in sequence(body.get("images"))), ""),
    )
    return Translation(products=(product,))


READERS: dict[str, Callable[[Body, Shop, datetime], Translation]] = {
    **dict.fromkeys(("order.created", "order.updated", "order.restored"), _order),
    "order.deleted": _deleted_order,
    **dict.fromkeys(("customer.created", "customer.updated"), _customer),
    **dict.fromkeys(("product.created", "product.updated", "product.restored"), _product),
}


def _told_at(body: Body) -> datetime:
    """When it was last changed; what was never changed says only when it was made."""
    return moment(body.get("date_modified_gmt") or body.get("date_created_gmt"))


def _teller(body: Body, number: str, shop: Shop, received_at: datetime) -> Teller:
    customer = text(body.get("customer_id"))
    if customer not in ("", "0"):
        return Teller(shop, received_at, user_id=shop.own_id(customer))
    address = text(mapping(body.get("billing")).get("email"))
    return Teller(shop, received_at, anonymous_id=guest(shop, address, number))


def _traits(person: Body) -> dict[str, Any]:
    where = {
        name: text(person.get(field))
        for name, field in (
            ("city", "city"),
            ("state", "state"),
            ("country", "country"),
            ("postalCode", "postcode"),
        )
        if text(person.get(field))
    }
    return {
        "email": text(person.get("email")),
        "phone": text(person.get("phone")),
        "firstName": text(person.get("first_name")),
        "lastName": text(person.get("last_name")),
        "address": where or None,
    }


def _line(told: Body, teller: Teller) -> dict[str, Any]:
    """``price`` is what one piece cost after discounts, with as many places as it takes."""
    price = told.get("price")
    return line(
        teller,
        text(told.get("product_id")),
        line_id=text(told.get("id")),
        sku=text(told.get("sku")),
        name=text(told.get("name")),
        price=round(price, 4) if isinstance(price, float) else price,
        quantity=told.get("quantity") or None,
    )


def _refunded(told: Body, teller: Teller) -> dict[str, Any]:
    """A line of a refund, where the shop is made to tell them: pieces and amount below zero, its own line beside it."""
    pieces, amount = text(told.get("quantity")).lstrip("-"), text(told.get("total")).lstrip("-")
    named = {one.get("key"): one.get("value") for one in sequence(told.get("meta_data"))}
    return line(
        teller,
        text(told.get("product_id")),
        line_id=text(named.get("_refunded_item_id")),
        sku=text(told.get("sku")),
        quantity=int(pieces) if pieces.strip("0") and pieces.isdecimal() else None,
        amount=amount or None,
    )
