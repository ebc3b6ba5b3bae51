"""Deliveries as the shops send them, written after their public documentation; every person is invented."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote_plus

from django.test import Client

from users.models import ShopConnection, ShopKind
from users.services.shop_connections import connect

Json = dict[str, Any]
SECRET = "a-secret-of-the-shop"
CLIENT_ID = "yz-client-1"


def connection(
    kind: ShopKind = ShopKind.SHOPIFY, source: str = "web", *, shares_ids: bool = False
) -> ShopConnection:
    made, _secret = connect(
        kind=kind, name=f"{source} shop", source=source, secret=SECRET,
        client_id=CLIENT_ID if kind is ShopKind.YOUZAN else "", shares_ids=shares_ids, by=None,
    )  # fmt: skip
    return made


def address(one: ShopConnection) -> str:
    return f"/hooks/{one.kind}/{one.token}"


def signature(raw: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


def deliver(
    one: ShopConnection,
    topic: str,
    body: Any,
    *,
    webhook_id: str = "",
    signed: str | None = None,
    raw: bytes = b"",
) -> Any:
    """Post a delivery as its shop would; ``signed`` replaces the right signature."""
    raw = raw or json.dumps(body, ensure_ascii=False).encode()
    if one.kind == ShopKind.YOUZAN:
        stamped = {"Event-Sign": signed} if signed else {}
        return Client().post(address(one), raw, content_type="application/json", headers=stamped)
    told = signature(raw) if signed is None else signed
    if one.kind == ShopKind.WOOCOMMERCE:
        headers = {
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Signature": told,
            "X-WC-Webhook-Delivery-ID": "1",
        }
    else:
        headers = {
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-SHA256": told,
            "X-Shopify-Webhook-Id": webhook_id,
        }
    return Client().post(
        address(one), raw, content_type="application/json", headers={k: v for k, v in headers.items() if v}
    )


def shopify_customer(number: int = 207119551, **changes: Any) -> Json:
    return {
        "id": number,
        "email": "mei.lin@example.com",
        "created_at": "2026-04-02T09:12:11+08:00",
        "updated_at": "2026-05-20T10:00:00+08:00",
        "first_name": "Mei",
        "last_name": "Lin",
        "orders_count": 1,
        "state": "enabled",
        "total_spent": "105.40",
        "verified_email": True,
        "currency": "USD",
        "phone": "+8613912345678",
        "default_address": {
            "id": 1, "city": "Suzhou", "province": "Jiangsu", "country": "China", "country_code": "CN", "zip": "215000",
        },
        **changes,
    }  # fmt: skip


def shopify_order(number: int = 820982911946154508, **changes: Any) -> Json:
    return {
        "id": number,
        "admin_graphql_api_id": f"gid://shopify/Order/{number}",
        "name": "#1001",
        "order_number": 1001,
        "created_at": "2026-05-20T10:00:00+08:00",
        "updated_at": "2026-05-20T10:00:00+08:00",
        "processed_at": "2026-05-20T09:59:58+08:00",
        "cancelled_at": None,
        "cancel_reason": None,
        "currency": "USD",
        "financial_status": "paid",
        "fulfillment_status": None,
        "email": "mei.lin@example.com",
        "source_name": "web",
        "taxes_included": False,
        "subtotal_price": "93.90",
        "total_price": "105.40",
        "total_tax": "6.50",
        "total_discounts": "4.00",
        "total_shipping_price_set": {"shop_money": {"amount": "5.00", "currency_code": "USD"}},
        "discount_codes": [{"code": "SPRING", "amount": "4.00", "type": "fixed_amount"}],
        "customer": shopify_customer(),
        "line_items": [
            {
                "id": 466157049, "product_id": 632910392, "variant_id": 39072856, "sku": "KOB-LP", "vendor": "Columbia",
                "title": "Kind of Blue", "variant_title": "LP", "price": "23.95", "quantity": 2,
            },
            {
                "id": 518995019, "product_id": 632910393, "variant_id": 49148385, "sku": "SPK-1", "vendor": "Tannoy",
                "title": "Shelf speaker", "variant_title": None, "price": "50.00", "quantity": 1,
            },
        ],
        "shipping_lines": [{"id": 271878346, "title": "Post", "price": "5.00"}],
        "refunds": [],
        **changes,
    }  # fmt: skip


def shopify_refund(
    number: int = 820982911946154508, refund: int = 890088186047892319, **changes: Any
) -> Json:
    return {
        "id": refund,
        "order_id": number,
        "created_at": "2026-05-22T15:30:00+08:00",
        "processed_at": "2026-05-22T15:30:00+08:00",
        "note": "Arrived broken",
        "restock": True,
        "refund_line_items": [
            {
                "id": 1, "quantity": 1, "line_item_id": 518995019, "subtotal": "50.00",
                "line_item": {"product_id": 632910393, "sku": "SPK-1", "title": "Shelf speaker", "price": "50.00"},
            }
        ],
        "transactions": [
            {"id": 245135271, "kind": "refund", "status": "success", "amount": "50.00", "currency": "USD"},
            {"id": 245135272, "kind": "refund", "status": "failure", "amount": "50.00", "currency": "USD"},
        ],
        "order_adjustments": [],
        **changes,
    }  # fmt: skip


def shopify_product(number: int = 632910392, **changes: Any) -> Json:
    return {
        "id": number,
        "title": "Kind of Blue",
        "vendor": "Columbia",
        "product_type": "Music > Jazz",
        "handle": "kind-of-blue",
        "created_at": "2026-01-05T10:00:00+08:00",
        "updated_at": "2026-05-19T10:00:00+08:00",
        "status": "active",
        "image": {"src": "https://cdn.example.com/kob.jpg"},
        "variants": [{"id": 39072856, "title": "LP", "price": "23.95", "sku": "KOB-LP"}],
        **changes,
    }


def woo_order(number: int = 727, **changes: Any) -> Json:
    return {
        "id": number,
        "parent_id": 0,
        "number": str(number),
        "status": "processing",
        "currency": "USD",
        "date_created": "2026-05-20T10:00:00",
        "date_created_gmt": "2026-05-20T02:00:00",
        "date_modified": "2026-05-20T10:00:05",
        "date_modified_gmt": "2026-05-20T02:00:05",
        "date_paid_gmt": "2026-05-20T02:00:04",
        "discount_total": "0.00",
        "shipping_total": "10.00",
        "total": "29.35",
        "total_tax": "1.35",
        "prices_include_tax": False,
        "customer_id": 26,
        "billing": {
            "first_name": "Jun", "last_name": "Wei", "city": "Hangzhou", "state": "ZJ", "postcode": "310000",
            "country": "CN", "email": "jun.wei@example.com", "phone": "+8613800001111",
        },
        "line_items": [
            {"id": 315, "name": "Woo Single #1", "product_id": 93, "variation_id": 0, "quantity": 2, "total": "6.00",
             "sku": "", "price": 3},
            {"id": 316, "name": "Ship Your Idea", "product_id": 22, "variation_id": 23, "quantity": 1, "total": "12.00",
             "sku": "Bar3", "price": 12.0},
        ],
        "shipping_lines": [{"id": 317, "method_title": "Flat Rate", "total": "10.00"}],
        "coupon_lines": [],
        "refunds": [],
        **changes,
    }  # fmt: skip


def youzan(msg: Any, *, kind: str = "trade_TradePaid", secret: str = SECRET, **changes: Any) -> Json:
    """The envelope of a push; the message inside is URL-encoded JSON and is what is signed."""
    told = quote_plus(json.dumps(msg, ensure_ascii=False))
    sign = hashlib.md5(f"{CLIENT_ID}{told}{secret}".encode()).hexdigest()
    return {
        "mode": 1, "id": "E20260520100000000000001", "client_id": CLIENT_ID, "type": kind, "status": "TRADE_PAID",
        "msg": told, "sign": sign, "kdt_id": 160, "kdt_name": "回头客唱片", "version": 1779242400, "test": False,
        "sendCount": 1, **changes,
    }  # fmt: skip


def event_sign(raw: bytes, secret: str = SECRET) -> str:
    """The header ``Event-Sign`` of a push: it signs the whole body."""
    return hashlib.md5(CLIENT_ID.encode() + raw + secret.encode()).hexdigest()


def youzan_refund(tid: str, refund_id: str = "202605240900000000010009", **changes: Any) -> Json:
    """The message of the newer pushes about refunds: an object, the amount a text in yuan, no state."""
    return {
        "tid": tid, "oids": "1", "refund_id": refund_id, "refund_type": "REFUND_ONLY", "refunded_fee": "60.00",
        "refund_reason": "REFUND_QUALITY", "update_time": "2026-05-24 09:00:00", "version": 1779584400000, **changes,
    }  # fmt: skip


def youzan_trade(tid: str = "E20260520100000000000001", **order: Any) -> Json:
    return {
        "full_order_info": {
            "order_info": {
                "tid": tid, "status": "WAIT_SELLER_SEND_GOODS", "created": "2026-05-20 10:00:00",
                "pay_time": "2026-05-20 10:00:30", "update_time": "2026-05-20 10:00:31", "type": 0, **order,
            },
            "pay_info": {"payment": "128.00", "total_fee": "120.00", "post_fee": "8.00"},
            "buyer_info": {"yz_open_id": "yz-open-7", "buyer_phone": "13700002222", "fans_nickname": "小林"},
            "orders": [
                {"oid": "1", "item_id": 2147483, "outer_item_id": "LP-9", "title": "邓丽君 黑胶", "price": "60.00",
                 "num": 2, "payment": "120.00"},
            ],
        }
    }  # fmt: skip
