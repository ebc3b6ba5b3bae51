"""The products of a shopper over the storefront API."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.callers import shopper
from tests.users.door import customer, send, track
from users.models import OwnedProduct, Product

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
CARD = {"product_id": "amp", "serial": "S-1", "purchased_at": "2026-05-01T10:00:00+08:00"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop() -> None:
    Product.objects.create(product_id="amp", name="Amplifier", warranty_months=12)
    line = {"product_id": "cd", "price": 10}
    for user in ("alice", "bob"):
        send(track("Order Completed", at=NOON, user=user, order_id=user, total=10, products=[line]))


def test_what_is_owned_and_a_card() -> None:
    alice = shopper(customer("alice"))
    made = alice.tell("me/products", CARD, once="1")
    assert (made.status_code, made.json()["warranty_end"]) == (201, "2027-05-01T02:00:00Z")
    alice.tell("me/products", CARD, once="2")
    listed = alice.ask("me/products").json()["products"]
    assert [(one["product_id"], one["known_by"], one["serial"]) for one in listed] == [
        ("cd", "order", ""), ("amp", "card", "S-1"),
    ]  # fmt: skip
    assert [one["product_id"] for one in shopper(customer("bob")).ask("me/products").json()["products"]] == [
        "cd"
    ]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"product_id": "unknown"}, 400, "unknown_product"), ({"product_id": ""}, 400, None),
        ({"purchased_at": "2099-05-01T00:00:00Z"}, 400, "bad_time"), ({"purchased_at": "soon"}, 400, None),
        ({"serial": "x" * 101}, 400, None), ({"serial": "a\0b"}, 400, None),
    ],
)  # fmt: skip
def test_cards_that_are_refused(changes: dict[str, Any], status: int, code: str | None) -> None:
    answer = shopper(customer("alice")).tell("me/products", CARD | changes, once="1")
    assert answer.status_code == status and code in (None, answer.json()["error"]["code"])
    assert not OwnedProduct.objects.filter(source="card").exists()


def test_how_long_it_covers_is_not_the_shoppers_to_say() -> None:
    told = CARD | {"warranty_months": 600, "customer": 1, "since": "1999-01-01"}
    shopper(customer("alice")).tell("me/products", told, once="1")
    assert OwnedProduct.objects.get(source="card").warranty_end == datetime(2027, 5, 1, 2, 0, tzinfo=UTC)
