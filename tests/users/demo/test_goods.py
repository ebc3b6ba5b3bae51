"""The demo shop's other sources: delivered through the real doors, and the same when loaded twice."""

from datetime import UTC, datetime

import pytest

from tests.clock import move_to
from tests.users.door import send, visit
from users.models import Category, DeadLetter, Order, OwnedProduct, ShopConnection, ShopDelivery
from users.services.demo.goods import PER_SHOP, load_goods
from users.services.intake import apply_waiting

NOW = datetime(2026, 5, 25, 4, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_the_demo_shop_gets_from_elsewhere() -> None:
    move_to(NOW)
    send(*(visit(at=NOW, user=f"u{number}") for number in range(60)))
    for _ in range(2):
        load_goods(NOW, lambda done, total: None)
        while apply_waiting().bodies:
            pass
    assert sorted(set(Order.objects.values_list("source", flat=True))) == ["gifts", "hifi", "till", "youzan"]
    assert Order.objects.filter(source="till").count() == 60
    assert Order.objects.filter(counts=True, source="youzan").count() == PER_SHOP
    waiting = DeadLetter.objects.filter(replayed_at=None).values_list("code", flat=True)
    assert sorted(waiting) == ["bad_amount", "no_exchange_rate"]
    connections = ShopConnection.objects.order_by("kind").values_list(
        "kind", "received", "refused", "failure"
    )
    assert list(connections) == [
        ("shopify", PER_SHOP + 1, 2, "not_an_order"),
        ("woocommerce", PER_SHOP + 1, 2, "not_an_order"),
        ("youzan", PER_SHOP, 0, ""),
    ]
    assert ShopDelivery.objects.filter(state="dead").count() == 2
    assert OwnedProduct.objects.filter(source="card", warranty_end__isnull=False).count() == 20
    assert Category.objects.get(name="Jazz").path == "Music > Jazz"
