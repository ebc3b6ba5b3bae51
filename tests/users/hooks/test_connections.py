"""The settings screens of shop connections: who may, what is shown once, what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse

from tests.clock import move_to
from tests.operators import logged_in
from tests.users.hooks.payloads import SECRET, connection, deliver, shopify_order
from users.models import AuditEntry, Role, ShopConnection, ShopDelivery, ShopKind
from users.services.intake import apply_waiting

NOW = datetime(2026, 5, 25, 4, 0, tzinfo=UTC)
OWNER = {Role.OWNER.value}
OPERATORS = OWNER | {Role.OPERATOR.value}
# Address name → (roles that see it, roles that may post to it).
MATRIX = {
    "connections": (OPERATORS | {"analyst"}, OWNER),
    "connection_create": (OWNER, OWNER),
    "connection": (OPERATORS | {"analyst"}, OPERATORS),
    "connection_secret": (OWNER, OWNER),
}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOW)


def address(name: str, shop: ShopConnection) -> str:
    return reverse(f"users:{name}", args=[shop.pk] if name in ("connection", "connection_secret") else [])


@pytest.mark.parametrize("role", Role.values)
def test_who_may(role: str) -> None:
    shop, client = connection(), logged_in(role)
    seen = {name for name in MATRIX if client.get(address(name, shop)).status_code == 200}
    assert seen == {name for name, (see, _act) in MATRIX.items() if role in see}
    posted = {name for name in MATRIX if client.post(address(name, shop)).status_code != 403}
    assert posted - {"connections"} == {name for name, (_see, act) in MATRIX.items() if role in act} - {
        "connections"
    }


def connect(client: Any, **changes: Any) -> Any:
    told = {"kind": "woocommerce", "name": "Woo", "source": "Woo-Shop", "client_id": "", "secret": ""}
    return client.post(reverse("users:connection_create"), told | changes)


def test_a_secret_is_made_and_shown_once() -> None:
    client = logged_in(Role.OWNER)
    page = connect(client)
    made = ShopConnection.objects.get()
    assert (made.kind, made.source) == ("woocommerce", "woo-shop") and made.secret in page.content.decode()
    again = client.get(reverse("users:connection", args=[made.pk])).content.decode()
    assert made.secret not in again and f"/hooks/woocommerce/{made.token}" in again
    entry = AuditEntry.objects.get(act="shop_connection.create")
    assert made.secret not in str(entry.after)
    client.post(reverse("users:connection_secret", args=[made.pk]), {"secret": ""})
    assert ShopConnection.objects.get().secret != made.secret


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": "Über uns"}, "Small letters"),
        ({"kind": "shopify"}, "Copy the secret"),
        ({"kind": "youzan", "secret": "long-enough"}, "client id"),
        ({"source": "web"}, "Another connection"),
        ({"kind": "ebay"}, "valid choice"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], words: str) -> None:
    connection()
    page = connect(logged_in(Role.OWNER), **changes)
    assert words in page.content.decode() and ShopConnection.objects.count() == 1


def test_deliveries_with_their_fate_and_the_dead_again() -> None:
    shop, client = connection(), logged_in(Role.OPERATOR)
    deliver(shop, "orders/create", shopify_order(), webhook_id="w1")
    deliver(shop, "orders/create", {"id": 5}, webhook_id="w2")
    here = reverse("users:connection", args=[shop.pk])
    page = client.get(here).content.decode()
    assert "Its topic says order, but it is none." in page and SECRET not in page
    assert "orders/create" in client.get(f"{here}?state=dead").content.decode()
    assert "0 taken, 1 still dead." in client.post(here, {"replay": "all"}, follow=True).content.decode()
    good = ShopDelivery.objects.get(state="taken")
    assert "Sent in again: Taken." in client.post(here, {"replay": good.pk}, follow=True).content.decode()
    assert client.post(here, {"replay": "x"}).status_code == 404
    client.post(here, {"switch": "off"})
    assert not ShopConnection.objects.get().is_on
    apply_waiting()


def test_as_many_queries_for_one_as_for_fifty(django_assert_max_num_queries: Any) -> None:
    client = logged_in(Role.OWNER)
    for number in range(12):
        connection(ShopKind.WOOCOMMERCE, f"s{number}")
    with django_assert_max_num_queries(10):
        client.get(reverse("users:connections"))
