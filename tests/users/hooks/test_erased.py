"""What shops still tell of somebody who was erased: bodies that name the person are not kept, read or not."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection as database

from tests.clock import move_to
from tests.settling import apply_everything
from tests.users.door import customer, identify, send
from tests.users.hooks.payloads import connection, deliver, shopify_customer, woo_order, youzan
from users.models import Customer, ErasedIdentity, ShopConnection, ShopDelivery, ShopKind, ShopSetting
from users.services import erase, erased_bodies

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
MAIL, PHONE = "zq7.trace@example.com", "+8613800138123"


@pytest.fixture(autouse=True)
def _today(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    settings.SINK_DIR = tmp_path / "sink"
    move_to(NOON)


@pytest.fixture
def gone() -> int:
    """Zoe, known by an address and a phone number, and erased."""
    send(identify(at=NOON, user="zoe", name="Zoe", email=MAIL, phone=PHONE), identify(at=NOON, user="bob"))
    number = customer("zoe").pk
    erase.erase(number, by=None, now=NOON)
    return number


def kept_of(mark: str) -> list[int]:
    """Deliveries and waiting bodies in whose bytes the mark stands, however it is written."""
    found: list[int] = []
    with database.cursor() as cursor:
        for table, column in (
            ("users_shopdelivery", "encode(body, 'escape')"),
            ("users_intakebody", "items"),
        ):
            cursor.execute(f"SELECT id FROM {table} WHERE lower({column}) LIKE %s", [f"%{mark}%"])
            found += [row[0] for row in cursor.fetchall()]
    return found


BODIES: dict[str, Any] = {
    "customer": shopify_customer(email=MAIL.upper(), phone=""),
    "by phone, as people write it": shopify_customer(email="", phone="138 0013 8123"),
    "deep inside": {"id": 5, "a": [{"b": {"note": f"Call {MAIL}, please"}}]},
    "a number": {"id": 6, "phone": 13800138123},
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_names_the_erased_is_not_kept(gone: int, name: str) -> None:
    shop = connection()
    assert deliver(shop, "customers/update", BODIES[name]).status_code == 200
    apply_everything()
    delivery = ShopDelivery.objects.get()
    assert (bytes(delivery.body), delivery.user_id, delivery.code, delivery.state) == (
        b"",
        "",
        "erased",
        "ignored",
    )
    assert Customer.objects.living().filter(name__in=("Zoe", "Bob")).count() <= 1
    assert ErasedIdentity.objects.filter(refused__gt=0).exists()
    assert kept_of("zq7") == kept_of("8001") == []
    # The same once more is a repeat still.
    assert deliver(shop, "customers/update", BODIES[name]).status_code == 200
    assert ShopDelivery.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "topic", "body", "raw"),
    [
        (ShopKind.SHOPIFY, "orders/create", None, b"no json, but " + MAIL.encode()),
        (ShopKind.SHOPIFY, "orders/create", {"id": None, "email": MAIL}, b""),
        (ShopKind.WOOCOMMERCE, "nobody/knows", {"id": 1, "billing": {"email": MAIL}}, b""),
        (ShopKind.WOOCOMMERCE, "order.created", woo_order(billing={"email": MAIL, "phone": PHONE}), b""),
    ],
)
def test_also_what_cannot_be_read_or_is_not_needed(
    gone: int, kind: ShopKind, topic: str, body: Any, raw: bytes
) -> None:
    assert deliver(connection(kind), topic, body, raw=raw).status_code == 200
    apply_everything()
    assert bytes(ShopDelivery.objects.get().body) == b""
    assert kept_of("zq7") == []


def test_youzan_wraps_its_message(gone: int) -> None:
    shop = connection(ShopKind.YOUZAN)
    assert (
        deliver(shop, "", None, raw=_bytes(youzan({"full_order_info": {"phone": PHONE}}))).status_code == 200
    )
    assert bytes(ShopDelivery.objects.get().body) == b""


def test_bodies_of_others_stay(gone: int) -> None:
    shop = connection()
    deliver(shop, "customers/update", shopify_customer(email="other@example.com", phone="+8613900139000"))
    assert b"other@example.com" in bytes(ShopDelivery.objects.get().body)


def test_who_came_back_is_somebody_known(gone: int, settings: Any) -> None:
    ShopSetting.objects.create(name="erased_may_return", value=1)
    deliver(connection(), "customers/update", shopify_customer(email=MAIL))
    assert MAIL.encode() in bytes(ShopDelivery.objects.get().body)


def test_a_body_stored_beside_the_erasure_goes_with_the_next_look(gone: int) -> None:
    shop: ShopConnection = connection()
    ShopDelivery.objects.create(
        connection=shop, key="beside", topic="x", received_at=NOON, body=MAIL.encode(), state="dead"
    )
    assert erased_bodies.empty_recent(NOON + timedelta(minutes=10)) == 1
    assert erased_bodies.empty_recent(NOON + timedelta(minutes=20)) == 0
    assert kept_of("zq7") == []


def _bytes(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()
