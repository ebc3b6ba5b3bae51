"""Refunds that name the lines of their shop, and closes of Youzan that name only the number."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.clock import move_to
from tests.users.hooks.payloads import (
    connection,
    deliver,
    event_sign,
    shopify_order,
    shopify_refund,
    woo_order,
    youzan,
    youzan_refund,
    youzan_trade,
)
from tests.users.hooks.test_shops import NOW, settle
from users.models import DeadLetter, Order, OrderLine, Refund, ShopKind
from users.services.enter_rate import set_rate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOW)


def test_what_a_refund_named_is_taken_off_that_line() -> None:
    shop = connection()
    deliver(shop, "orders/create", shopify_order())
    deliver(shop, "refunds/create", shopify_refund())
    settle()
    # Of 93.90 the speaker had 47.96; 50.00 was given back for it, so the rest is the record's.
    assert list(OrderLine.objects.order_by("line").values_list("share", flat=True)) == [4_390, 0]
    woo = connection(ShopKind.WOOCOMMERCE, "woo")
    given: dict[str, Any] = {
        "id": 726, "total": "-12.00",
        "line_items": [
            {"product_id": 93, "quantity": -1, "total": "-12.00",
             "meta_data": [{"key": "_refunded_item_id", "value": "315"}]},
        ],
    }  # fmt: skip
    deliver(woo, "order.updated", woo_order(refunds=[given]))
    settle()
    assert [(one["quantity"], one["amount"]) for one in Refund.objects.get(source="woo").lines] == [
        (1, 1_200)
    ]


@pytest.mark.parametrize(
    ("oids", "left"), [("1", [3000, 3000]), ("[1]", [3000, 3000]), ([2], [6000, 0]), ("", [4500, 1500])]
)
def test_a_refund_of_youzan_names_its_lines_by_their_numbers(oids: Any, left: list[int]) -> None:
    shop = connection(ShopKind.YOUZAN, "youzan")
    set_rate(currency="CNY", first=date(2026, 5, 20), last=date(2026, 5, 20), rate=Decimal("1"), by=None)
    trade = youzan_trade()
    trade["full_order_info"]["orders"].append(
        {"oid": "2", "item_id": 3, "title": "Tea", "price": "40.00", "num": 1}
    )
    deliver(shop, "", youzan(trade))
    told = youzan(None, kind="trade_refund_RefundSuccess") | {
        "msg": youzan_refund("E20260520100000000000001", oids=oids)
    }
    raw = json.dumps(told).encode()
    deliver(shop, "", None, raw=raw, signed=event_sign(raw))
    settle()
    assert Order.objects.get().net == 6_000
    assert [share for share in OrderLine.objects.order_by("line").values_list("share", flat=True)] == left


@pytest.mark.parametrize("order_first", [True, False])
@pytest.mark.parametrize(
    ("kind_of_close", "is_cancelled"), [(1, True), (4, True), (None, True), (2, False), (22, False)]
)
def test_a_close_of_youzan_that_names_only_the_number(
    kind_of_close: int | None, is_cancelled: bool, order_first: bool
) -> None:
    shop = connection(ShopKind.YOUZAN, "youzan")
    set_rate(currency="CNY", first=date(2026, 5, 20), last=date(2026, 5, 20), rate=Decimal("1"), by=None)
    trade = youzan_trade(pay_time="", status="WAIT_BUYER_PAY")
    close = {"tid": "E20260520100000000000001", "close_type": kind_of_close, "close_reason": "NONE",
             "update_time": "2026-05-20 11:00:00"}  # fmt: skip
    told = [youzan(trade, kind="trade_TradeCreate"), youzan(close, kind="trade_TradeClose")]
    for one in told if order_first else reversed(told):
        assert deliver(shop, "", one).status_code == 200
        settle()
    settle()
    cancelled = datetime(2026, 5, 20, 3, 0, tzinfo=UTC) if is_cancelled else None
    assert Order.objects.get().cancelled_at == cancelled
    assert not DeadLetter.objects.filter(replayed_at=None).exists()
