"""The main story: a dormant customer is noticed, written to, comes back, orders, and is rewarded for it."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from campaigns.models import Assignment, Campaign, Conversion, Delivery, OrderCredit
from config.kit import clock
from growth.models import Balance
from growth.services.ripen import mature
from growth.shop import return_days
from segments.models import Segment
from segments.services.membership import members
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.segments import create_segment
from tests import clock as moving
from tests.flows.acts import follow_the_link, letters_of, living_in, send_to
from tests.people import Cast, invite
from tests.settling import apply_everything
from tests.sinks import SmtpSink
from tests.storefront import Storefront, agrees, identify, order
from users.models import Customer, Scope

pytestmark = pytest.mark.django_db(transaction=True)

DORMANT_BIG_SPENDERS = {
    "version": 1,
    "root": {
        "all": [
            {"field": "stage", "op": "is_any_of", "value": ["dormant"]},
            {"field": "revenue", "op": "more_than", "value": 10_000},
            {"may_receive": "email", "topic": "news"},
        ]
    },
}
REGULARS = [f"regular{number:02d}" for number in range(30)]
WRITTEN_TO_TODAY = REGULARS[0]


@pytest.fixture
def cast(shop: Storefront) -> Cast:
    """The cast, and thirty dormant regulars beside dora."""
    now = clock.now()
    for name in REGULARS:
        shop.send(
            identify(name, at=now - timedelta(days=200), name=name, email=f"{name}@example.com",
                     language="en", consents=[agrees("news")],
                     address={"city": "Capetown" if name == WRITTEN_TO_TODAY else "Lisbon"}),
            order(name, f"{name}-1", 150, at=now - timedelta(days=50)),
            history=True,
        )  # fmt: skip
    return invite(shop, now=now)


def test_a_dormant_customer_is_won_back(cast: Cast, shop: Storefront, smtp_sink: SmtpSink) -> None:
    dormant = the_segment()
    assert names_in(dormant) == {"dora", *REGULARS}  # not otto, who opted out, nor carl, who is churned

    send_to(living_in("Capetown"), "Hello")
    assert set(letters_of(smtp_sink, "Hello")) == {WRITTEN_TO_TODAY}
    refresh()
    campaign = send_to(dormant, "We miss you", holdout_percent=30)

    letters = letters_of(smtp_sink, "We miss you")
    held_out = user_ids(Assignment.objects.filter(campaign=campaign, held_out=True))
    capped = {WRITTEN_TO_TODAY} - held_out
    assert held_out
    assert set(letters) == {"dora", *REGULARS} - held_out - capped
    assert outcomes(campaign) == Counter(
        {("sent", ""): len(letters), ("skipped", "held_out"): len(held_out)}
    ) + Counter({("skipped", "capped"): len(capped)})

    somebody = min(letters)
    follow_the_link(letters[somebody], shop)
    shop.send(order(somebody, "BACK-1", 80))
    apply_everything()
    refresh()

    customer = Customer.objects.get(user_id=somebody)
    assert customer.standing.stage == "returning"
    assert customer.stage_moves.filter(superseded_at=None).latest("at").to_stage == "returning"
    assert names_in(dormant) == {"dora", *REGULARS} - {somebody}
    assert points(somebody) == (80, 0)
    assert credited(campaign) == [(somebody, "BACK-1")]
    assert user_ids(Conversion.objects.filter(campaign=campaign)) == {somebody}

    moving.move(timedelta(days=return_days.get(), minutes=1))
    mature(clock.now())
    assert points(somebody) == (0, 80)


def test_an_order_forged_with_a_write_key_counts_for_nothing(cast: Cast, shop: Storefront) -> None:
    with Storefront(str(shop.client.base_url), Scope.WRITE) as browser:
        browser.send(order("carl", "FORGED-1", 5_000))
    apply_everything()
    carl = Customer.objects.get(user_id="carl")
    assert (carl.standing.orders, carl.standing.revenue) == (1, 15_000)
    assert not carl.orders.get(number="FORGED-1").counts
    assert points("carl") == (0, 0)
    assert not OrderCredit.objects.exists()
    assert not Conversion.objects.exists()


def the_segment() -> Segment:
    """Dormant, spent over 100 in life, may be mailed."""
    segment = create_segment(
        name="Dormant, spent over 100, may be mailed", rule=DORMANT_BIG_SPENDERS, by=None
    )
    rebuild_waiting()
    segment.refresh_from_db()
    return segment


def names_in(segment: Segment) -> set[str]:
    return set(Customer.objects.filter(pk__in=members(segment)).values_list("user_id", flat=True))  # type: ignore[arg-type]


def user_ids(rows: Any) -> set[str]:
    """The userIds of rows that belong to customers."""
    return set(rows.values_list("customer__user_id", flat=True))


def outcomes(campaign: Campaign) -> Counter[tuple[str, str]]:
    """How many deliveries ended how, and why."""
    rows = Delivery.objects.filter(step__campaign=campaign).values_list("state", "reason")
    return Counter(rows)


def points(user_id: str) -> tuple[int, int]:
    """(pending, active)"""
    balance = Balance.objects.filter(customer__user_id=user_id).first()
    return (balance.pending, balance.active) if balance else (0, 0)


def credited(campaign: Campaign) -> list[tuple[str | None, str]]:
    """Whose orders the campaign is credited with."""
    return list(OrderCredit.objects.filter(campaign=campaign).values_list("customer__user_id", "number"))
