"""Other sources of orders for the demo shop: a till, three connected shops, warranty cards, rates, a tree. Invented."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from urllib.parse import quote_plus

import httpx
from django.utils.translation import gettext_lazy, gettext_noop

from config.kit.given_names import give_in_demo
from config.kit.refusal import Refusal
from users.demo import Progress
from users.models import Category, Customer, DeadLetter, ShopConnection, ShopKind
from users.reports.figures import today_in_shop
from users.services import categories, shop_connections
from users.services.demo.catalogue import CATEGORIES, records_of
from users.services.demo.door import FrontDoor, inside_or_running
from users.services.demo.instants import start_of
from users.services.demo.storytelling import Call
from users.services.enter_rate import set_rate

Json = dict[str, Any]
SECRET = "the-demo-shop-signs-with-this"
CLIENT_ID = "demo-client"
RATES = {"CNY": Decimal("0.1400"), "EUR": Decimal("1.0800")}
PER_SHOP = 12
SHOPS = (
    (ShopKind.SHOPIFY, gettext_noop("Gift shop on Shopify (invented)"), "gifts"),
    (ShopKind.WOOCOMMERCE, gettext_noop("Hi-fi shop on WooCommerce (invented)"), "hifi"),
    (ShopKind.YOUZAN, gettext_noop("Mini-programme on Youzan (invented)"), "youzan"),
)
give_in_demo(*(gettext_lazy(name) for _kind, name, _source in SHOPS))
PLAYER = {"product_id": "player-1", "name": "Record player", "category": "Hi-fi > Players", "price": 189.0}
AMISS = "demo-amiss-"
ABROAD = "till-guest-from-abroad"
NAMES = ("Ada Fictional", "Bo Invented", "Cai Imagined", "Dina Made-up")


def load_goods(now: datetime, progress: Progress) -> None:
    """Rates, tree, till, shops, cards; a second time changes nothing."""
    today = today_in_shop(now)
    for currency, rate in RATES.items():
        set_rate(currency=currency, first=today - timedelta(days=120), last=today, rate=rate, by=None)
    progress(1, 4)
    with inside_or_running(patience=3.0) as client:
        FrontDoor(client).hand_in_all(_till(today), history=True)
        progress(2, 4)
        for kind, name, source in SHOPS:
            _deliver(client, connection(kind, name, source), today)
        FrontDoor(client).hand_in_all(_labels(now), history=True)
        if not DeadLetter.objects.filter(item__contains=AMISS).exists():
            FrontDoor(client).hand_in_all(_amiss(today), history=True)
    progress(3, 4)
    _grow()


def connection(kind: ShopKind, name: str, source: str) -> ShopConnection:
    """The connection of that source, made where it is missing."""
    found = ShopConnection.objects.filter(source=source).first()
    if found is not None:
        return found
    client_id = CLIENT_ID if kind is ShopKind.YOUZAN else ""
    return shop_connections.connect(
        kind=kind, name=name, source=source, secret=SECRET, client_id=client_id, shares_ids=False, by=None
    )[0]


def _grow() -> None:
    """The shelves stand below Music, as an operator would put them."""
    categories.sort_in({"Music", PLAYER["category"], *CATEGORIES})  # type: ignore[arg-type]  # texts
    music = Category.objects.get(path="Music")
    for category in Category.objects.filter(path__in=CATEGORIES):
        try:
            categories.move(category.pk, below=music.pk, by=None)
        except Refusal:
            continue


def _till(today: date) -> Iterator[Call]:
    """Sales at the counter, to some whom the shop knows and to passers-by; every third buys a player with a card."""
    random = Random("the till")
    known = Customer.objects.filter(identified=True, user_id__isnull=False, erased_at__isnull=True)
    for number, user_id in enumerate(known.order_by("pk").values_list("user_id", flat=True)[:60], start=1):
        who = {"userId": user_id} if number % 4 else {"anonymousId": f"till-visitor-{number}"}
        at = start_of(today - timedelta(days=random.randint(2, 110))) + timedelta(
            hours=random.randint(10, 19)
        )
        lines = [random.choice(records_of(random.choice(CATEGORIES))).properties()]
        lines += [PLAYER] if number % 3 == 0 else []
        told = {
            "order_id": f"T{number:04d}",
            "channel_of_sale": "till",
            "currency": "EUR" if number % 5 == 0 else "USD",
            "total": round(sum(float(line["price"]) for line in lines), 2),
            "products": [{**line, "quantity": 1} for line in lines],
        }
        yield _call(f"demo-till-{number}", "Order Completed", at, who, told)
        if number % 3 == 0:
            card = {
                "product_id": PLAYER["product_id"],
                "serial": f"RP-{number:05d}",
                "warranty_months": random.choice((3, 6, 12, 24)),
            }
            yield _call(f"demo-card-{number}", "Warranty Registered", at, who, card)


def _labels(now: datetime) -> Iterator[Call]:
    """The shops' customers are invented, and say so."""
    ids = [f"gifts:{40 + n}" for n in range(8)] + [f"hifi:{10 + n}" for n in range(5)]
    for user_id in (ABROAD, *ids, *(f"youzan:yz-invented-{n}" for n in range(6))):
        yield {
            "type": "identify",
            "userId": user_id,
            "messageId": f"demo-label-{user_id}",
            "timestamp": now.isoformat(),
            "traits": {"invented": True},
        }


def _amiss(today: date) -> Iterator[Call]:
    """What a till tells wrongly; it waits among the dead letters: one order for its rate, one for good."""
    at = start_of(today - timedelta(days=3))
    player = [{**PLAYER, "price": 21_800, "quantity": 1}]
    abroad = {
        "order_id": "T9001",
        "channel_of_sale": "till",
        "currency": "JPY",
        "total": 21_800,
        "products": player,
    }
    yield _call(f"{AMISS}1", "Order Completed", at, {"userId": ABROAD}, abroad)
    below = {"order_id": "T9002", "channel_of_sale": "till", "currency": "USD", "total": -18.5}
    yield _call(f"{AMISS}2", "Order Completed", at, {"userId": ABROAD}, below)


def _call(message_id: str, event: str, at: datetime, who: Json, told: Json) -> Call:
    return {
        "type": "track",
        "event": event,
        "messageId": message_id,
        "timestamp": at.isoformat(),
        "properties": told,
        **who,
    }


def _deliver(client: httpx.Client, shop: ShopConnection, today: date) -> None:
    """Orders of the last weeks, signed and posted as the shop would; one that cannot be read, one wrongly signed."""
    tell = {
        ShopKind.SHOPIFY: _shopify,
        ShopKind.WOOCOMMERCE: _woocommerce,
        ShopKind.YOUZAN: _youzan,
    }[ShopKind(shop.kind)]
    random = Random(shop.source)
    if shop.kind == ShopKind.WOOCOMMERCE:
        _post(client, shop, b"webhook_id=1", {"Content-Type": "application/x-www-form-urlencoded"})
    for number in range(1, PER_SHOP + 1):
        at = start_of(today - timedelta(days=random.randint(2, 40))) + timedelta(hours=random.randint(1, 20))
        raw, headers = tell(number, at, random)
        _post(client, shop, raw, headers)
    if shop.kind != ShopKind.YOUZAN:
        _post(client, shop, b'{"id": 999}', _signed(b'{"id": 999}', shop, "orders/create", "order.created"))
        _post(client, shop, b"{}", {"X-Shopify-Hmac-SHA256": "forged", "X-WC-Webhook-Signature": "forged"})


def _post(client: httpx.Client, shop: ShopConnection, raw: bytes, headers: dict[str, str]) -> None:
    client.post(
        f"/hooks/{shop.kind}/{shop.token}",
        content=raw,
        headers={"Content-Type": "application/json", **headers},
    )


def _signed(raw: bytes, shop: ShopConnection | None, shopify: str, woocommerce: str) -> dict[str, str]:
    sign = base64.b64encode(hmac.new(SECRET.encode(), raw, hashlib.sha256).digest()).decode()
    return {
        "X-Shopify-Hmac-SHA256": sign,
        "X-Shopify-Topic": shopify,
        "X-WC-Webhook-Signature": sign,
        "X-WC-Webhook-Topic": woocommerce,
    }


def _shopify(number: int, at: datetime, random: Random) -> tuple[bytes, dict[str, str]]:
    price = random.choice((12, 18, 25, 40))
    first, last = random.choice(NAMES).split()
    refund = {
        "id": 700 + number,
        "created_at": (at + timedelta(days=1)).isoformat(),
        "transactions": [{"kind": "refund", "status": "success", "amount": f"{price}.00", "currency": "USD"}],
    }
    raw = json.dumps(
        {
            "id": 5000 + number, "name": f"#{1000 + number}", "created_at": at.isoformat(),
            "updated_at": (at + timedelta(days=1)).isoformat(), "currency": "USD", "financial_status": "paid",
            "total_price": f"{price + 5}.00", "total_tax": "0.00", "total_discounts": "0.00",
            "customer": {
                "id": 40 + number % 8, "first_name": first, "last_name": last,
                "email": f"gift{number % 8}@example.com",
            },
            "line_items": [
                {"product_id": 80 + price, "title": f"Gift box {price}", "price": f"{price}.00", "quantity": 1}
            ],
            "shipping_lines": [{"price": "5.00"}],
            "refunds": [refund] if number % 6 == 0 else [],
        }
    ).encode()  # fmt: skip
    return raw, _signed(raw, None, "orders/updated", "")


def _woocommerce(number: int, at: datetime, random: Random) -> tuple[bytes, dict[str, str]]:
    price = random.choice((59, 89, 149))
    first, last = random.choice(NAMES).split()
    told = at.replace(tzinfo=None).isoformat()
    raw = json.dumps(
        {
            "id": 300 + number, "number": str(300 + number), "status": "completed", "currency": "EUR",
            "date_created_gmt": told, "date_modified_gmt": told, "date_paid_gmt": told, "total": f"{price}.00",
            "total_tax": "0.00", "shipping_total": "0.00", "discount_total": "0.00",
            "customer_id": 0 if number % 3 == 0 else 10 + number % 5,
            "billing": {
                "first_name": first, "last_name": last,
                "email": "" if number % 3 == 0 else f"hifi{number % 5}@example.com",
            },
            "line_items": [{"product_id": price, "name": f"Speaker {price}", "price": price, "quantity": 1}],
            "refunds": [],
        }
    ).encode()  # fmt: skip
    return raw, _signed(raw, None, "", "order.created")


def _youzan(number: int, at: datetime, random: Random) -> tuple[bytes, dict[str, str]]:
    price = random.choice((68, 99, 128))
    told = (at + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
    trade = {
        "order_info": {
            "tid": f"E{number:020d}", "status": "TRADE_SUCCESS", "created": told, "pay_time": told, "update_time": told,
        },
        "pay_info": {"payment": f"{price}.00", "post_fee": "0.00"},
        "buyer_info": {"yz_open_id": f"yz-invented-{number % 6}"},
        "orders": [{"item_id": price, "title": f"黑胶唱片 {price}", "price": f"{price}.00", "num": 1}],
    }  # fmt: skip
    msg = quote_plus(json.dumps({"full_order_info": trade}, ensure_ascii=False))
    sign = hashlib.md5(f"{CLIENT_ID}{msg}{SECRET}".encode(), usedforsecurity=False).hexdigest()
    envelope = {"type": "trade_TradePaid", "client_id": CLIENT_ID, "msg": msg, "sign": sign, "test": False}
    return json.dumps(envelope).encode(), {}
