"""The door of shop webhooks: who is let in, what a repeat does, what a body can never do."""

import json
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError
from django.db import connection as database
from django.test import Client

from tests.clock import move_to
from tests.users.hooks.payloads import (
    address,
    connection,
    deliver,
    event_sign,
    shopify_order,
    signature,
    woo_order,
    youzan,
    youzan_refund,
    youzan_trade,
)
from users.api import hooks
from users.models import DeadLetter, Event, IntakeBody, Order, ShopConnection, ShopDelivery, ShopKind
from users.services import shop_connections, shop_deliveries
from users.services.intake import apply_waiting

NOW = datetime(2026, 5, 25, 4, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOW)


def again(one: ShopConnection) -> ShopConnection:
    return ShopConnection.objects.get(pk=one.pk)


def nothing_kept() -> bool:
    return not (ShopDelivery.objects.exists() or IntakeBody.objects.exists() or DeadLetter.objects.exists())


def flip(text: str) -> str:
    """The same text with one bit of one byte changed."""
    return chr(ord(text[0]) ^ 1) + text[1:]


def test_a_right_signature_is_taken_and_answered() -> None:
    shop = connection()
    answer = deliver(shop, "orders/create", shopify_order(), webhook_id="w1")
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    delivery = ShopDelivery.objects.get()
    assert (delivery.topic, delivery.state, delivery.received_at) == ("orders/create", "taken", NOW)
    assert json.loads(bytes(delivery.body))["name"] == "#1001"
    seen = again(shop)
    assert (seen.received, seen.repeated, seen.refused, seen.received_at) == (1, 0, 0, NOW)


MUCH = {"id": 2, "transactions": [{"kind": "refund", "amount": "much"}]}
RAW = json.dumps(shopify_order()).encode()


@pytest.mark.parametrize("kind", [ShopKind.SHOPIFY, ShopKind.WOOCOMMERCE])
@pytest.mark.parametrize(
    "signed",
    [
        flip(signature(RAW)),
        signature(RAW, "another-secret"),
        signature(RAW + b" "),
        "none",
        "ä" * 44,
        signature(b""),
    ],
)
def test_a_wrong_signature_keeps_nothing_but_a_count(kind: ShopKind, signed: str) -> None:
    shop = connection(kind)
    answer = deliver(shop, "orders/create", None, raw=RAW, signed=signed)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "bad_signature")
    assert nothing_kept()
    assert (again(shop).refused, again(shop).refused_at, again(shop).received) == (1, NOW, 0)


@pytest.mark.parametrize("kind", [ShopKind.SHOPIFY, ShopKind.WOOCOMMERCE])
def test_a_missing_signature_is_wrong(kind: ShopKind) -> None:
    shop = connection(kind)
    assert deliver(shop, "orders/create", shopify_order(), signed="").status_code == 401
    assert Client().post(address(shop), b"", content_type="application/json").status_code == 401
    assert nothing_kept()


def test_youzan_signs_its_message() -> None:
    shop = connection(ShopKind.YOUZAN)
    right = youzan(youzan_trade())
    for wrong in (
        right | {"sign": flip(right["sign"])},
        youzan(youzan_trade(), secret="another-secret"),
        right | {"sign": ""},
        {key: value for key, value in right.items() if key != "sign"},
        right | {"msg": right["msg"] + "%20"},
        right | {"msg": "", "sign": ""},
        right | {"client_id": "somebody-else"},
        [right],
    ):
        assert deliver(shop, "", wrong).status_code == 401
    assert nothing_kept()
    answer = deliver(shop, "", right)
    assert (answer.status_code, answer.json()) == (200, {"code": 0, "msg": "success"})


def test_youzan_signs_the_whole_push_in_a_header() -> None:
    shop = connection(ShopKind.YOUZAN)
    told = youzan(None, kind="youzan_trade_RefundSuccess") | {"msg": youzan_refund("E1"), "sign": ""}
    raw = json.dumps(told).encode()
    other = json.dumps(told | {"type": "youzan_trade_RefundCreated"}).encode()
    for wrong in (flip(event_sign(raw)), event_sign(raw, "another-secret"), "", "é"):
        assert deliver(shop, "", None, raw=raw, signed=wrong).status_code == 401
    assert deliver(shop, "", None, raw=other, signed=event_sign(raw)).status_code == 401
    assert nothing_kept()
    assert deliver(shop, "", None, raw=raw, signed=event_sign(raw).upper()).json()["msg"] == "success"


def test_a_message_of_youzan_is_told_once_whatever_its_envelope_calls_it() -> None:
    shop = connection(ShopKind.YOUZAN)
    asked = youzan(youzan_refund("E1"), kind="trade_refund_BuyerCreated")
    deliver(shop, "", asked)
    deliver(shop, "", asked | {"type": "trade_refund_RefundSuccess"})
    assert [one.state for one in ShopDelivery.objects.all()] == ["ignored"]


def test_a_new_secret_replaces_the_old_one() -> None:
    shop = connection()
    shop_connections.renew_secret(shop.pk, secret="a-new-secret-1", by=None)
    assert deliver(shop, "orders/create", None, raw=RAW).status_code == 401
    assert (
        deliver(shop, "orders/create", None, raw=RAW, signed=signature(RAW, "a-new-secret-1")).status_code
        == 200
    )


def test_the_first_ping_of_woocommerce_is_unsigned() -> None:
    shop = connection(ShopKind.WOOCOMMERCE)
    ping = Client().post(address(shop), b"webhook_id=42", content_type="application/x-www-form-urlencoded")
    assert ping.status_code == 200 and again(shop).pinged_at == NOW and nothing_kept()
    for other in (b"webhook_id=42&order=1", b"webhook_id=", b"id=42", b"webhook_id=4 2"):
        answer = Client().post(address(shop), other, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 401
    assert (
        Client()
        .post(address(connection(source="other")), b"webhook_id=42", content_type="text/plain")
        .status_code
        == 401
    )


def test_the_test_push_of_youzan_tells_nothing() -> None:
    shop = connection(ShopKind.YOUZAN)
    answer = deliver(shop, "", youzan(youzan_trade(), test=True))
    assert answer.json() == {"code": 0, "msg": "success"}
    assert again(shop).pinged_at == NOW and nothing_kept()


def test_a_repeat_changes_nothing() -> None:
    shop = connection()
    for _ in range(3):
        assert deliver(shop, "orders/create", shopify_order(), webhook_id="w1").status_code == 200
    # The same telling under another id is another delivery, and still the same order and events.
    assert deliver(shop, "orders/create", shopify_order(), webhook_id="w2").status_code == 200
    assert (again(shop).received, again(shop).repeated) == (2, 2)
    apply_waiting()
    assert Order.objects.get().net == 9_390
    assert Event.objects.filter(type__name="Order Completed").count() == 1


def test_woocommerce_repeats_under_other_delivery_ids() -> None:
    shop = connection(ShopKind.WOOCOMMERCE)
    for _ in range(2):
        deliver(shop, "order.created", woo_order())
    deliver(shop, "order.updated", woo_order(status="completed", date_modified_gmt="2026-05-21T02:00:05"))
    assert ShopDelivery.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_are_one() -> None:
    shop = connection()
    statuses: list[int] = []

    def post() -> None:
        statuses.append(deliver(shop, "orders/create", shopify_order(), webhook_id="w1").status_code)
        database.close()

    threads = [threading.Thread(target=post) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 50
    assert (ShopDelivery.objects.count(), again(shop).received, again(shop).repeated) == (1, 1, 49)
    apply_waiting()
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not_json"),
        (b"not json", "not_json"),
        (b"[1, 2]", "not_an_object"),
        (b"[" * 100_000, "not_json"),
        (b"{}", "no_id"),
        (b'{"id": 1}', "not_an_order"),
        (b'{"id": {"a": 1}, "total_price": "1"}', "no_id"),
        (json.dumps(shopify_order(updated_at="yesterday")).encode(), "bad_time"),
        (json.dumps(shopify_order(created_at="1700-01-01T00:00:00Z")).encode(), "bad_time"),
        (json.dumps(shopify_order(name="a\0b")).encode(), "bad_text"),
        (json.dumps(shopify_order(name="\ud800")).encode(), "not_json"),
        (json.dumps(shopify_order(refunds=[MUCH])).encode(), "bad_amount"),
    ],
)
def test_a_body_is_never_our_failure(raw: bytes, code: str) -> None:
    shop = connection()
    answer = deliver(shop, "orders/create", None, raw=raw or b" ", signed=signature(raw or b" "))
    assert answer.status_code == 200
    dead = ShopDelivery.objects.get()
    assert (dead.state, dead.code) == ("dead", code)
    assert (again(shop).failure, again(shop).failed_at) == (code, NOW)
    assert code in shop_deliveries.REASONS
    apply_waiting()


def test_strange_shapes_are_read_as_far_as_they_go() -> None:
    shop = connection()
    shapes: list[dict[str, Any]] = [
        {"line_items": "none"}, {"customer": []}, {"line_items": [None, 3, {}]}, {"refunds": {"id": 1}},
        {"total_tax": []},
    ]  # fmt: skip
    for number, strange in enumerate(shapes):
        assert deliver(shop, "orders/create", shopify_order(number + 1, **strange)).status_code == 200
    apply_waiting()
    assert set(ShopDelivery.objects.values_list("state", flat=True)) == {"taken"}
    assert Order.objects.count() == 4 and DeadLetter.objects.get().code == "bad_amount"


def test_topics_nobody_needs_are_kept_and_ignored() -> None:
    deliver(connection(), "inventory_levels/update", {"inventory_item_id": 1})
    assert ShopDelivery.objects.get().state == "ignored"


def test_too_much_and_the_wrong_way() -> None:
    shop = connection()
    assert deliver(shop, "orders/create", None, raw=b"x" * (hooks.LARGEST_BODY + 1)).status_code == 413
    assert Client().get(address(shop)).status_code == 405
    assert (
        Client().post(f"/hooks/shopify/{'x' * 24}", b"{}", content_type="application/json").status_code == 404
    )
    assert (
        Client().post(f"/hooks/woocommerce/{shop.token}", b"{}", content_type="application/json").status_code
        == 404
    )
    shop_connections.switch(shop.pk, is_on=False, by=None)
    assert deliver(shop, "orders/create", shopify_order()).status_code == 404
    assert nothing_kept()


def test_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "rate", type(hooks.rate)(2))
    shop = connection()
    answers = [deliver(shop, "orders/create", shopify_order(), webhook_id=str(n)) for n in range(4)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused and 1 <= int(refused[0]["Retry-After"]) <= 10


def test_the_store_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = connection()

    def away(*_args: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(shop_deliveries, "take", away)
    answer = deliver(shop, "orders/create", shopify_order())
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


def test_a_dead_delivery_is_replayed_by_what_the_code_knows_today(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = connection()
    with monkeypatch.context() as patched:
        patched.setitem(shop_deliveries.TRANSLATORS, ShopKind.SHOPIFY, lambda *_: 1 // 0)
        deliver(shop, "orders/create", shopify_order())
    dead = ShopDelivery.objects.get()
    assert (dead.state, dead.code) == ("dead", "unexpected")
    assert shop_deliveries.replay_dead(shop, by=None) == (1, 0)
    apply_waiting()
    assert Order.objects.get().net == 9_390
    shop_deliveries.replay(dead.pk, by=None)
    apply_waiting()
    assert Order.objects.count() == 1 and ShopDelivery.objects.get().replayed_at == NOW
