"""Shopify's webhooks. Topics stand in a header that is not signed, so what a body says decides, not its topic."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
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

PAID = frozenset({"paid", "partially_refunded", "refunded"})
Body = Mapping[str, Any]


def translate(topic: str, body: Body, shop: Shop, received_at: datetime) -> Translation | None:
    """What a delivery says; None for a topic that is not needed. Raises Untranslatable."""
    read = READERS.get(topic)
    return None if read is None else read(body, shop, received_at)


def _order(body: Body, shop: Shop, received_at: datetime) -> Translation:
    number = shop_id(body.get("id"))
    if "total_price" not in body:
        raise Untranslatable("not_an_order")
    teller = _teller(body, number, shop, received_at)
    told_at = moment(body.get("updated_at") or body.get("created_at"))
    teller.identify(f"order:{number}:who:{stamp(told_at)}", told_at, _traits(_buyer(body)))
    tell_order(
        teller,
        Placed(
            number=number,
            placed_at=moment(body.get("created_at")),
            told_at=told_at,
            is_paid=body.get("financial_status") in PAID,
            cancelled_at=moment_or_none(body.get("cancelled_at")),
            about={
                "total": body.get("total_price"),
                "tax": body.get("total_tax"),
                "shipping": _shipping(body),
                "discount": body.get("total_discounts"),
                "currency": body.get("currency"),
                "coupon": ", ".join(text(one.get("code")) for one in sequence(body.get("discount_codes")))
                or None,
                "order_name": text(body.get("name")) or None,
                "products": [_line(one, teller) for one in sequence(body.get("line_items"))],
            },
        ),
    )
    for refund in sequence(body.get("refunds")):
        _tell_refund(teller, number, refund, unowned=False)
    return Translation(teller.items, user_id=teller.user_id or "")


def _refund(body: Body, shop: Shop, received_at: datetime) -> Translation:
    """It names the order and nobody; it is of whoever owns the order, and waits while nobody does."""
    teller = Teller(shop, received_at)
    _tell_refund(teller, shop_id(body.get("order_id")), body, unowned=True)
    return Translation(teller.items)


def _customer(body: Body, shop: Shop, received_at: datetime) -> Translation:
    user_id = shop.own_id(shop_id(body.get("id")))
    teller = Teller(shop, received_at, user_id=user_id)
    at = moment(body.get("updated_at") or body.get("created_at"))
    teller.identify(f"customer:{body['id']}:{stamp(at)}", at, _traits(body))
    return Translation(teller.items, user_id=user_id)


def _product(body: Body, shop: Shop, received_at: datetime) -> Translation:
    if "variants" not in body and "title" not in body:
        raise Untranslatable("not_a_product")
    first = next(iter(sequence(body.get("variants"))), {})
    product = Catalogued(
        product_id=shop.own_id(shop_id(body.get("id"))),
        at=moment(body.get("updated_at") or body.get("created_at")),
        name=text(body.get("title")),
        category=text(body.get("product_type")),
        price=text(first.get("price")) or None,
        image_url=text(mapping(body.get("image")).get("src")),
    )
    return Translation(products=(product,))


def _redact(body: Body, shop: Shop, received_at: datetime) -> Translation:
    """A request to erase a customer; an order's body, which holds a customer too, is none."""
    if "shop_domain" not in body or "orders_to_redact" not in body:
        raise Untranslatable("not_a_request")
    user_id = shop.own_id(shop_id(mapping(body.get("customer")).get("id")))
    return Translation(erase=(user_id,), user_id=user_id)


def _redact_shop(body: Body, shop: Shop, received_at: datetime) -> Translation:
    raise Untranslatable("erase_shop")


READERS: dict[str, Callable[[Body, Shop, datetime], Translation]] = {
    **dict.fromkeys(("orders/create", "orders/paid", "orders/updated", "orders/cancelled"), _order),
    "refunds/create": _refund,
    **dict.fromkeys(("customers/create", "customers/update"), _customer),
    **dict.fromkeys(("products/create", "products/update"), _product),
    "customers/redact": _redact,
    "shop/redact": _redact_shop,
}


def _buyer(body: Body) -> Body:
    """The customer of an order, with the address the order was placed under."""
    customer = mapping(body.get("customer"))
    told = {name: customer.get(name) or body.get(name) for name in ("email", "phone")}
    return {
        **customer,
        **told,
        "default_address": customer.get("default_address") or body.get("billing_address"),
    }


def _teller(body: Body, number: str, shop: Shop, received_at: datetime) -> Teller:
    customer = text(mapping(body.get("customer")).get("id"))
    if customer:
        return Teller(shop, received_at, user_id=shop.own_id(customer))
    return Teller(shop, received_at, anonymous_id=guest(shop, text(body.get("email")), number))


def _traits(customer: Body) -> dict[str, Any]:
    address = mapping(customer.get("default_address"))
    where = {
        name: text(address.get(field))
        for name, field in (
            ("city", "city"),
            ("state", "province"),
            ("country", "country_code"),
            ("postalCode", "zip"),
        )
        if text(address.get(field))
    }
    return {
        "email": text(customer.get("email")),
        "phone": text(customer.get("phone")),
        "firstName": text(customer.get("first_name")),
        "lastName": text(customer.get("last_name")),
        "createdAt": text(customer.get("created_at")),
        "address": where or None,
    }


def _shipping(body: Body) -> Any:
    told = mapping(mapping(body.get("total_shipping_price_set")).get("shop_money")).get("amount")
    return (
        told if told is not None else _sum(one.get("price") for one in sequence(body.get("shipping_lines")))
    )


def _line(told: Body, teller: Teller) -> dict[str, Any]:
    return line(
        teller,
        text(told.get("product_id")),
        line_id=text(told.get("id")),
        sku=text(told.get("sku")),
        name=text(told.get("title")),
        brand=text(told.get("vendor")),
        variant=text(told.get("variant_title")),
        price=told.get("price"),
        quantity=told.get("quantity") or None,
    )


def _tell_refund(teller: Teller, number: str, refund: Body, *, unowned: bool) -> None:
    """The money that was really given back; putting goods back on the shelf alone is no refund.

    What a line has of it is its subtotal: after discounts, without tax.
    """
    given = [
        one.get("amount")
        for one in sequence(refund.get("transactions"))
        if one.get("kind") == "refund" and one.get("status", "success") == "success"
    ]
    amount = _sum(given)
    if Decimal(amount) == 0:
        return
    lines = [
        line(
            teller,
            text(mapping(one.get("line_item")).get("product_id")),
            sku=text(mapping(one.get("line_item")).get("sku")),
            line_id=text(one.get("line_item_id")) or text(mapping(one.get("line_item")).get("id")),
            price=mapping(one.get("line_item")).get("price"),
            quantity=one.get("quantity") or None,
            amount=_money(one.get("subtotal")),
        )
        for one in sequence(refund.get("refund_line_items"))
    ]
    at = moment(refund.get("processed_at") or refund.get("created_at"))
    money = next((text(one.get("currency")) for one in sequence(refund.get("transactions"))), "")
    tell_refund(
        teller, number, shop_id(refund.get("id")), at, unowned=unowned, amount=amount, products=lines or None,
        currency=money or None,
    )  # fmt: skip


def _money(told: Any) -> str | None:
    """An amount as decimal text; the shop tells some as fractions."""
    return None if told in (None, "") else _sum([told])


def _sum(amounts: Any) -> str:
    try:
        return str(sum((Decimal(str(one)) for one in amounts if one not in (None, "")), Decimal(0)))
    except InvalidOperation:
        raise Untranslatable("bad_amount") from None
