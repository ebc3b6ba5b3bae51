"""A shop brings three years of history: figures and stages follow, and nobody is written to or rewarded."""

from datetime import timedelta

import pytest

from campaigns.models import Delivery
from config.kit import clock
from growth.models import Entry
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.segments import create_segment
from tests.settling import apply_everything
from tests.sinks import SmtpSink
from tests.storefront import Storefront, identify, order, refund
from users.models import Customer, Order, Outbox, StageMove

pytestmark = pytest.mark.django_db(transaction=True)
BUYERS = {"version": 1, "root": {"all": [{"field": "orders", "op": "at_least", "value": 1}]}}


def test_three_years_send_nothing_and_reward_nobody(shop: Storefront, smtp_sink: SmtpSink) -> None:
    buyers = create_segment(name="Buyers", rule=BUYERS, by=None)
    rebuild_waiting()
    now = clock.now()
    for week in range(156):
        user, at = f"c{week % 40}", now - timedelta(days=7 * week, hours=1)
        shop.send(
            identify(user, at=at, email=f"{user}@example.com"),
            order(user, f"H-{week}", 20, at=at),
            history=True,
        )
    shop.send(refund("c3", "H-3", 20, at=now - timedelta(days=2)), history=True)
    apply_everything()
    refresh()

    assert Order.objects.filter(counts=True).count() == 155
    assert Customer.objects.filter(standing__stage="returning").count() == 5
    assert StageMove.objects.filter(starts_things=True).count() == 0
    buyers.refresh_from_db()
    assert buyers.size == 40
    assert not Outbox.objects.exists()
    assert not Entry.objects.exists()
    assert not Delivery.objects.exists()
    assert smtp_sink.messages == []


def test_the_same_order_sent_live_earns(shop: Storefront) -> None:
    shop.send(identify("c1"), order("c1", "L-1", 20))
    apply_everything()
    assert Entry.objects.filter(customer__user_id="c1", kind="earn").exists()
