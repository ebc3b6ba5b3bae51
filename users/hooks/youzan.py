"""Youzan's pushes: a message about a trade or a refund, inside an envelope that names its type.

Trades come as URL-encoded JSON; the newer messages about refunds as an object. A refund's message says its amount in
yuan and no state, so the type decides whether money moved: a message is told once, so no other type can be put on it.

What the types and codes mean is Youzan's own documentation of its messages (doc.youzanyun.com: trades, refunds), as
developers quote it word for word in public clients, and messages in such clients' tests as they came. A seller's
agreement and a success are called final there; of the states, FINISHED ends a dispute and CLOSE drops one; a close
tells only number, time, reason and type.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

from users.hooks.translation import (
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
    tell_order,
    tell_refund,
    text,
)

ZONE = ZoneInfo("Asia/Shanghai")
CURRENCY = "CNY"
CLOSED = "TRADE_CLOSED"
CLOSE = "trade_TradeClose"
CLOSED_BY_REFUND = frozenset({"2", "6", "22"})
"""Types of a close because money was given back (marked as refunded, in parts, order refused): the refund tells it."""
EXCHANGE = "EXCHANGE_GOODS_FLOW"
GIVEN_BACK = frozenset({"SUCCESS", "REFUND_SUCCESS", "SAFE_FINISHED"})
"""States of a refund that was paid out, where a message says one (``refund_state`` of the older pushes).

SAFE_FINISHED: the dispute came to its end; one that is dropped is SAFE_CLOSE.
"""
PAID_OUT = frozenset(
    {
        "trade_refund_RefundSuccess",
        "trade_refund_RefundSellerAgree",
        "trade_refund_SysRefund",
        "youzan_trade_RefundSuccess",
    }
)
"""Types that end a refund with the money given back. Asking for one, refusing, and withdrawing move none.

Of the older types both are final: the seller's agreement (money alone) and the success (goods came back). Of the newer
ones only the success is: it is told after either.
"""
Body = Mapping[str, Any]


def message(envelope: Body) -> Body:
    """What the push says, out of its envelope. Raises Untranslatable."""
    if isinstance(envelope.get("msg"), dict):
        return mapping(envelope["msg"])
    try:
        told = json.loads(unquote_plus(text(envelope.get("msg")), errors="strict"))
    except (ValueError, RecursionError):
        raise Untranslatable("not_json") from None
    if not isinstance(told, dict):
        raise Untranslatable("not_an_object")
    return told


def translate(topic: str, body: Body, shop: Shop, received_at: datetime) -> Translation | None:
    """What a message says; None for one about neither trade nor refund. Raises Untranslatable."""
    if "full_order_info" in body:
        return _trade(mapping(body["full_order_info"]), shop, received_at)
    if "refund_id" in body and "tid" in body:
        return _refund(topic, body, shop, received_at)
    if topic == CLOSE:
        return _close(body, shop, received_at)
    return None


def _trade(trade: Body, shop: Shop, received_at: datetime) -> Translation:
    order, pay = mapping(trade.get("order_info")), mapping(trade.get("pay_info"))
    number = shop_id(order.get("tid"))
    teller = _teller(trade, number, shop, received_at)
    told_at = moment(order.get("update_time") or order.get("created"), ZONE)
    paid_at = moment_or_none(order.get("pay_time"), ZONE)
    buyer = mapping(trade.get("buyer_info"))
    teller.identify(
        f"order:{number}:who",
        told_at,
        {"phone": _phone(text(buyer.get("buyer_phone")))},
    )
    tell_order(
        teller,
        Placed(
            number=number,
            placed_at=moment(order.get("created"), ZONE),
            told_at=told_at,
            is_paid=paid_at is not None,
            paid_at=paid_at,
            # Closed after it was paid means given back; the refund is told by itself, on its own day.
            cancelled_at=told_at if order.get("status") == CLOSED and paid_at is None else None,
            about={
                "total": pay.get("payment"),
                "shipping": pay.get("post_fee"),
                "currency": CURRENCY,
                "products": [_line(one, teller) for one in sequence(trade.get("orders"))],
            },
        ),
    )
    return Translation(teller.items, user_id=teller.user_id or "")


def _refund(topic: str, body: Body, shop: Shop, received_at: datetime) -> Translation | None:
    """A refund that was paid out; asking for one, refusing it and an exchange of goods move no money."""
    state = text(body.get("refund_state")) or text(body.get("status"))
    is_paid_out = state in GIVEN_BACK if state else topic in PAID_OUT
    if not is_paid_out or body.get("refund_type") == EXCHANGE:
        return None
    teller = Teller(shop, received_at)
    amount = body.get("refunded_fee", body.get("refund_fee"))
    if amount in (None, ""):
        raise Untranslatable("bad_amount")
    at = moment(body.get("update_time"), ZONE)
    tell_refund(
        teller, shop_id(body.get("tid")), shop_id(body.get("refund_id")), at, unowned=True, amount=amount,
        currency=CURRENCY, products=[{"line_id": one} for one in _lines_of(body)] or None,
    )  # fmt: skip
    return Translation(teller.items)


def _close(body: Body, shop: Shop, received_at: datetime) -> Translation | None:
    """A close names no more than the number: it cancels the order, whoever's it is, and waits while nobody owns it.

    A trade that was closed because its money was given back is left to the refund, which is told by itself.
    """
    number = shop_id(body.get("tid"))
    if text(body.get("close_type")) in CLOSED_BY_REFUND:
        return None
    at = moment_or_none(body.get("update_time"), ZONE) or received_at
    teller = Teller(shop, received_at)
    teller.track("Order Cancelled", f"order:{number}:cancelled", at, teller.properties(number), unowned=True)
    return Translation(teller.items)


def _lines_of(body: Body) -> list[str]:
    """The lines that a refund is about: one number (``oid``), or several in a text or a list (``oids``)."""
    told = body.get("oids") or body.get("oid")
    one_by_one = told if isinstance(told, list) else [told]
    return [number for one in one_by_one for number in re.findall(r"[0-9]{1,40}", text(one))]


def _teller(trade: Body, number: str, shop: Shop, received_at: datetime) -> Teller:
    buyer = mapping(trade.get("buyer_info"))
    known = text(buyer.get("yz_open_id")) or text(buyer.get("buyer_id"))
    if known not in ("", "0"):
        return Teller(shop, received_at, user_id=shop.own_id(known))
    return Teller(shop, received_at, anonymous_id=guest(shop, text(buyer.get("buyer_phone")), number))


def _phone(told: str) -> str:
    """A mainland number in international form; masked ones ("138****0000") are none."""
    return f"+86{told}" if len(told) == 11 and told.isdecimal() else ""


def _line(told: Body, teller: Teller) -> dict[str, Any]:
    return line(
        teller,
        text(told.get("item_id")),
        line_id=text(told.get("oid")),
        sku=text(told.get("outer_sku_id")) or text(told.get("outer_item_id")),
        name=text(told.get("title")),
        price=told.get("price"),
        quantity=told.get("num") or None,
    )
