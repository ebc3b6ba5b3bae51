"""What shops' deliveries come to: orders, refunds, customers, products, in whatever order they arrive."""

import json
import random
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clock import move_to
from tests.users.door import customer, send, track, visitor
from tests.users.hooks.payloads import (
    connection,
    deliver,
    event_sign,
    shopify_customer,
    shopify_order,
    shopify_product,
    shopify_refund,
    woo_order,
    youzan,
    youzan_refund,
    youzan_trade,
)
from users.models import (
    Category,
    Customer,
    DeadLetter,
    Event,
    IntakeBody,
    LongJob,
    Order,
    OrderLine,
    OwnedProduct,
    Product,
    Refund,
    ShopDelivery,
    ShopKind,
)
from users.services.enter_rate import set_rate
from users.services.intake import apply_waiting

NOW = datetime(2026, 5, 25, 4, 0, tzinfo=UTC)
PLACED = datetime(2026, 5, 20, 2, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOW)


def settle() -> None:
    while IntakeBody.objects.exists():
        apply_waiting()


def test_a_shopify_order() -> None:
    deliver(connection(), "orders/create", shopify_order())
    settle()
    one = Order.objects.get()
    assert (one.source, one.number, one.ordered_at, one.paid_at) == (
        "web",
        "820982911946154508",
        PLACED,
        PLACED,
    )
    assert (one.total, one.tax, one.shipping, one.discount, one.net) == (10_540, 650, 500, 400, 9_390)
    assert (one.coupon, one.confirmed, one.counts, one.currency) == ("SPRING", True, True, "USD")
    lines = OrderLine.objects.order_by("line").values_list("product_id", "sku", "quantity", "price")
    assert list(lines) == [("web:632910392", "KOB-LP", 2, 2_395), ("web:632910393", "SPK-1", 1, 5_000)]
    who = customer("web:207119551")
    assert (who.pk, who.first_name, who.last_name, who.city) == (one.customer_id, "Mei", "Lin", "Suzhou")


def test_shared_ids_stay_as_they_are() -> None:
    send(track("Page Viewed", at=PLACED, user="207119551"))
    deliver(connection(shares_ids=True), "orders/create", shopify_order())
    settle()
    assert Order.objects.get().customer_id == customer("207119551").pk
    assert OrderLine.objects.filter(product_id="632910392").exists()


def test_a_shopify_refund_waits_for_its_order_and_is_told_twice() -> None:
    shop = connection()
    deliver(shop, "refunds/create", shopify_refund())
    settle()
    assert DeadLetter.objects.get().code == "unknown_order" and not Customer.objects.exists()
    told = shopify_order(
        updated_at="2026-05-22T15:30:01+08:00",
        financial_status="partially_refunded",
        refunds=[{k: v for k, v in shopify_refund().items() if k != "order_id"}],
    )
    deliver(shop, "orders/updated", told)
    settle()
    refund = Refund.objects.get()
    assert (refund.amount, refund.refunded_at) == (5_000, datetime(2026, 5, 22, 7, 30, tzinfo=UTC))
    assert (Order.objects.get().net, Order.objects.get().counts) == (4_390, True)
    assert list(OwnedProduct.objects.values_list("product_id", "quantity")) == [("web:632910392", 2)]
    assert Customer.objects.count() == 1


def test_goods_back_on_the_shelf_are_no_refund() -> None:
    shop = connection()
    deliver(shop, "orders/create", shopify_order())
    deliver(shop, "refunds/create", shopify_refund(transactions=[]))
    settle()
    assert not Refund.objects.exists() and not DeadLetter.objects.exists()


def test_an_unpaid_order_that_is_paid_and_one_that_is_cancelled() -> None:
    shop = connection()
    deliver(shop, "orders/create", shopify_order(financial_status="pending"))
    settle()
    assert (Order.objects.get().counts, Order.objects.get().paid_at) == (False, None)
    deliver(shop, "orders/paid", shopify_order(updated_at="2026-05-21T10:00:00+08:00"))
    settle()
    assert Order.objects.get().paid_at == datetime(2026, 5, 21, 2, 0, tzinfo=UTC)
    gone = shopify_order(updated_at="2026-05-23T10:00:00+08:00", cancelled_at="2026-05-23T10:00:00+08:00")
    deliver(shop, "orders/cancelled", gone)
    settle()
    assert (Order.objects.get().counts, OwnedProduct.objects.count()) == (False, 0)


def test_guests_with_one_address_are_one_visitor() -> None:
    shop = connection()
    for number in (1, 2):
        deliver(shop, "orders/create", shopify_order(number, customer=None, email="Guest@Example.com"))
    deliver(shop, "orders/create", shopify_order(3, customer=None, email=None))
    settle()
    # An address makes a guest known; without one each order has a visitor of its own.
    assert sorted(Customer.objects.values_list("identified", "standing__orders")) == [(False, 1), (True, 2)]
    assert not visitor("web:order:3").identified


def test_customers_and_products() -> None:
    shop = connection()
    deliver(shop, "products/update", shopify_product())
    deliver(
        shop, "products/update", shopify_product(title="Old name", updated_at="2026-05-01T10:00:00+08:00")
    )
    deliver(shop, "customers/update", shopify_customer(first_name="Mei-Mei"))
    deliver(shop, "orders/create", shopify_order())
    settle()
    product = Product.objects.get(product_id="web:632910392")
    assert (product.name, product.category, product.price) == ("Kind of Blue", "Music > Jazz", 2_395)
    assert Category.objects.get(path="Music > Jazz").parent == Category.objects.get(path="Music")
    assert OrderLine.objects.get(line=1).category == "Music > Jazz"
    deliver(
        shop,
        "products/update",
        shopify_product(product_type="Music > Blues", updated_at="2026-05-24T10:00:00Z"),
    )
    assert OrderLine.objects.get(line=1).category == "Music > Blues"


def test_requests_to_erase() -> None:
    shop = connection()
    deliver(shop, "customers/create", shopify_customer())
    settle()
    asked = {
        "shop_id": 1,
        "shop_domain": "web.example.com",
        "customer": {"id": 207119551},
        "orders_to_redact": [1],
    }
    deliver(shop, "customers/redact", asked)
    deliver(shop, "shop/redact", {"shop_id": 1, "shop_domain": "web.example.com"})
    # The body of an order, signed too, is no such request whatever its topic claims.
    deliver(shop, "customers/redact", shopify_order())
    job = LongJob.objects.get(kind="users.erase")
    assert job.parameters["customer"] == customer("web:207119551").pk
    deliver(shop, "customers/redact", asked | {"customer": {"id": 5}}, webhook_id="stranger")
    told = ShopDelivery.objects.order_by("pk").values_list("state", "code", "user_id")
    assert list(told) == [
        ("taken", "", "web:207119551"), ("taken", "", "web:207119551"), ("dead", "erase_shop", ""),
        ("dead", "not_a_request", ""), ("taken", "", "web:5"),
    ]  # fmt: skip


def test_a_woocommerce_order_and_its_refunds() -> None:
    shop = connection(ShopKind.WOOCOMMERCE, "woo")
    later: dict[str, Any] = {
        "date_modified_gmt": "2026-05-22T08:00:00",
        "refunds": [{"id": 726, "reason": "", "total": "-12.00"}],
    }
    latest: dict[str, Any] = {
        "date_modified_gmt": "2026-05-23T08:00:00",
        "refunds": later["refunds"],
        "status": "completed",
    }
    for told in (woo_order(**latest), woo_order(), woo_order(**later)):
        deliver(shop, "order.updated", told)
    settle()
    one, refund = Order.objects.get(), Refund.objects.get()
    assert (one.source, one.number, one.total, one.net, one.ordered_at) == ("woo", "727", 2_935, 600, PLACED)
    assert one.paid_at == datetime(2026, 5, 20, 2, 0, 4, tzinfo=UTC)
    # The refund has no time of its own: the first telling that knew it, whichever arrived first.
    assert (refund.amount, refund.refunded_at) == (1_200, datetime(2026, 5, 22, 8, 0, tzinfo=UTC))
    assert customer("woo:26").last_name == "Wei"
    deliver(shop, "order.deleted", {"id": 727})
    settle()
    assert not Order.objects.get().counts


def test_a_youzan_trade_in_another_currency() -> None:
    shop = connection(ShopKind.YOUZAN, "youzan")
    deliver(shop, "", youzan(youzan_trade()))
    settle()
    waiting = sorted(DeadLetter.objects.values_list("code", "detail"))
    no_rate = ("no_exchange_rate", "CNY 2026-05-20")
    assert waiting == [no_rate, no_rate, ("unknown_order", "youzan E20260520100000000000001")]
    day = date(2026, 5, 20)
    assert set_rate(currency="CNY", first=day, last=day, rate=Decimal("0.14"), by=None) == 2
    settle()
    assert not DeadLetter.objects.filter(replayed_at=None).exists()
    one = Order.objects.get()
    assert (one.total, one.currency, one.net, one.counts) == (12_800, "CNY", 1_680, True)
    assert customer("youzan:yz-open-7").pk == one.customer_id
    refund = {
        "tid": one.number,
        "refund_id": "r9",
        "refunded_fee": "60.00",
        "update_time": "2026-05-24 09:00:00",
    }
    deliver(shop, "", youzan(refund, kind="trade_refund_RefundSuccess"))
    settle()
    assert (Refund.objects.get().net, Order.objects.get().net) == (840, 840)


@pytest.mark.parametrize(
    ("kind", "about", "is_given_back"),
    [
        ("trade_refund_BuyerCreated", {}, False),
        ("youzan_trade_RefundCreated", {}, False),
        ("youzan_trade_RefundClosed", {}, False),
        ("trade_refund_RefundSellerRefuse", {}, False),
        ("TRADE_ORDER_REFUND", {"refund_state": "SAFE_NEW"}, False),
        ("TRADE_ORDER_REFUND", {"refund_state": "SAFE_CLOSE"}, False),
        ("TRADE_ORDER_REFUND", {"refund_state": "SAFE_FINISHED"}, True),
        ("trade_refund_RefundSellerAgree", {}, True),
        ("youzan_trade_RefundSellerAgree", {}, False),
        ("youzan_trade_RefundSuccess", {"refund_type": "EXCHANGE_GOODS_FLOW"}, False),
        ("trade_refund_RefundSuccess", {}, True),
        ("trade_refund_SysRefund", {}, True),
        ("youzan_trade_RefundSuccess", {}, True),
    ],
)
def test_a_refund_of_youzan_counts_once_the_money_is_given_back(
    kind: str, about: dict[str, Any], is_given_back: bool
) -> None:
    shop = connection(ShopKind.YOUZAN, "youzan")
    set_rate(currency="CNY", first=date(2026, 5, 20), last=date(2026, 5, 20), rate=Decimal("0.14"), by=None)
    deliver(shop, "", youzan(youzan_trade()))
    settle()
    number = Order.objects.get().number
    told = youzan(None, kind=kind) | {"msg": youzan_refund(number, **about), "sign": ""}
    raw = json.dumps(told).encode()
    for _ in range(2):
        assert deliver(shop, "", None, raw=raw, signed=event_sign(raw)).status_code == 200
    settle()
    assert Refund.objects.count() == is_given_back
    assert Order.objects.get().net == (840 if is_given_back else 1_680)


def story() -> list[tuple[str, dict[str, Any], str]]:
    """All that a shop tells of three orders, in the order in which it happened."""
    pending = {"financial_status": "pending"}
    refund = shopify_refund(2, 21)
    return [
        ("orders/create", shopify_order(1), "w1"),
        ("orders/create", shopify_order(2, **pending), "w2"),
        ("orders/paid", shopify_order(2, updated_at="2026-05-20T11:00:00+08:00"), "w3"),
        ("orders/create", shopify_order(3, customer=None, email="g@example.com"), "w4"),
        ("orders/updated", shopify_order(1, updated_at="2026-05-21T09:00:00+08:00", total_price="95.40"), "w5"),
        ("refunds/create", refund, "w6"),
        (
            "orders/updated",
            shopify_order(2, updated_at="2026-05-22T15:30:02+08:00", financial_status="partially_refunded",
                          refunds=[refund]),
            "w7",
        ),
        (
            "orders/cancelled",
            shopify_order(3, customer=None, email="g@example.com", updated_at="2026-05-23T10:00:00+08:00",
                          cancelled_at="2026-05-23T10:00:00+08:00"),
            "w8",
        ),
    ]  # fmt: skip


def outcome() -> dict[str, Any]:
    order = (
        "number",
        "ordered_at",
        "paid_at",
        "cancelled_at",
        "total",
        "net",
        "refunded",
        "counts",
        "coupon",
    )
    return {
        "orders": sorted(Order.objects.values_list(*order)),
        "lines": sorted(OrderLine.objects.values_list("number", "line", "product_id", "quantity", "amount")),
        "refunds": sorted(Refund.objects.values_list("number", "refund_id", "refunded_at", "amount", "net")),
        "owned": sorted(OwnedProduct.objects.values_list("key", "quantity", "since")),
        "events": sorted(Event.objects.filter(type__is_internal=False).values_list("message_id", flat=True)),
        "waiting": DeadLetter.objects.filter(replayed_at=None).count(),
    }


@settings(max_examples=4, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 3))
def test_shuffled_and_repeated_deliveries_end_in_the_same_orders(draw: random.Random, batches: int) -> None:
    def tell(deliveries: list[tuple[str, dict[str, Any], str]], *, at_once: bool) -> dict[str, Any]:
        with transaction.atomic():
            shop = connection()
            for topic, body, webhook_id in deliveries:
                deliver(shop, topic, body, webhook_id=webhook_id)
                if not at_once:
                    settle()
            settle()
            found = outcome()
            transaction.set_rollback(True)
        found["events"] = [message_id.partition(":order")[2] for message_id in found["events"]]
        return found

    expected = tell(story(), at_once=False)
    shuffled = [*story(), *draw.sample(story(), 3)]
    draw.shuffle(shuffled)
    assert tell(shuffled, at_once=batches == 0) == expected
    assert [one[5] for one in expected["orders"]] == [8_390, 4_390, 9_390]
    assert expected["waiting"] == 0


@pytest.mark.parametrize("missing", [None, ""])
def test_an_order_that_was_never_changed_counts_from_when_it_was_placed(missing: str | None) -> None:
    shopify, woo = connection(), connection(ShopKind.WOOCOMMERCE, "woo")
    deliver(shopify, "orders/create", shopify_order(updated_at=missing))
    deliver(woo, "order.created", woo_order(date_modified_gmt=missing))
    settle()
    assert list(Order.objects.values_list("counts", flat=True)) == [True, True]
    assert not DeadLetter.objects.exists()
