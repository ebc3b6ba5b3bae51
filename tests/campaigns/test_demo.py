"""The demo shop's campaigns are really sent and really answered, and a second loading adds nothing."""

import pytest

from campaigns.models import Campaign, Delivery, Receipt
from campaigns.services import demo
from config.kit import clock
from tests.campaigns.audience import customers
from tests.sinks import SmtpSink
from users.models import Order, Standing
from users.services.intake import apply_waiting

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_demo_sends_a_win_back_and_has_it_answered(smtp_sink: SmtpSink) -> None:
    ids = customers(200)
    Standing.objects.filter(pk__in=ids).update(stage="dormant", revenue=12_000, orders=2)
    steps: list[tuple[int, int]] = []
    for _again in range(2):
        demo.load(clock.now(), lambda done, total: steps.append((done, total)))
    names = Campaign.objects.order_by("pk").values_list("name", "state")
    assert list(names) == [
        ("Win back the dormant", "finished"),
        ("Picks of the week", "scheduled"),
        ("Early notice for regulars", "draft"),
    ]
    sent = Delivery.objects.filter(state="sent").count()
    assert len(smtp_sink.messages) == sent
    assert sent + Delivery.objects.filter(reason="held_out").count() == 200
    opened = Receipt.objects.filter(kind="opened").count()
    assert 0.3 * sent < opened < 0.6 * sent
    assert 0 < Receipt.objects.filter(kind="clicked").count() < opened
    assert steps[-1] == (5, 5)
    while apply_waiting(100).bodies:
        pass
    assert Order.objects.count() == 0  # nobody of this audience has a user ID to order with
