"""Fields about value: the refresh after the day's job ends where a computation from scratch would; live ones too."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F

from config.kit import words
from segments.models import Membership, Segment
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.services.refresh import refresh
from tests.clock import move_to
from tests.segments.shop import segment
from tests.users.value.shop import invent, open_shop
from users.models import Customer, Order, Standing
from users.phase import phase
from users.services import value
from users.services.touch import touch
from users.topics import TouchTopic

pytestmark = pytest.mark.django_db(transaction=True)
AS_OF = datetime(2026, 5, 19, 19, 30, tzinfo=UTC)
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
ASKED: tuple[tuple[str, str, Any], ...] = (
    ("rfm_r", "at_least", 4), ("rfm_f", "equals", 1), ("rfm_m", "in_range", [2, 3]),
    ("rfm_group", "is_any_of", ["champions", "lost"]), ("rfm_group", "is_none_of", ["lost"]),
    ("is_core", "equals", True), ("is_core", "equals", False), ("top_revenue", "at_most", 20),
    ("top_orders", "at_most", 10), ("order_band", "is_any_of", ["0"]), ("order_band", "is_any_of", ["1", "6+"]),
    ("aov_band", "is_any_of", ["2"]), ("favourite_category", "equals", "Jazz"), ("fan", "is_any_of", ["passer_by"]),
    ("leader_score", "at_least", 2), ("leader_score", "equals", 0), ("churn_risk", "at_least", 1),
    ("p_alive", "is_unknown", None), ("predicted_ltv", "is_known", None), ("aov", "at_least", 3000),
    ("paying", "equals", True), ("phase", "is_any_of", ["settled"]), ("phase", "is_any_of", ["judging", "none"]),
)  # fmt: skip


def condition(field: str, op: str, wanted: Any) -> dict[str, Any]:
    return {"field": field, "op": op} | ({} if wanted is None else {"value": wanted})


def check(made: list[Segment], now: datetime) -> None:
    """Stored membership is the rule from scratch."""
    for one in made:
        stored = set(Membership.objects.filter(segment=one).values_list("customer_id", flat=True))
        assert stored == set(parse(one.rule).customers(AsOf(now)).values_list("pk", flat=True)), one.rule


def test_segments_follow_the_figures_of_the_day() -> None:
    move_to(NOW)
    people = invent(100, AS_OF)
    open_shop(people)
    made = [segment(condition(*asked)) for asked in ASKED]
    value.compute(NOW)
    soon = NOW + timedelta(minutes=10)  # the segments were computed some moments after NOW
    refresh(soon)
    check(made, soon)
    told = [Membership.objects.filter(segment=one).count() for one in made]
    assert sum(size > 0 for size in told) >= len(ASKED) - 2, told
    for one in people[10:40]:
        at = NOW + timedelta(hours=1, minutes=one.number)
        Order.objects.create(
            customer_id=one.pk, source="shop", number=f"new-{one.number}", ordered_at=at, paid_at=at, confirmed=True,
            currency="USD", total=90_000, net=90_000, counts=True,
        )  # fmt: skip
        Standing.objects.filter(pk=one.pk).update(
            orders=F("orders") + 1, revenue=F("revenue") + 90_000, last_order_at=at, last_activity_at=at
        )
        touch([one.pk], TouchTopic.ORDERS)
    refresh(NOW + timedelta(hours=2))
    check(made, NOW + timedelta(hours=2))
    tomorrow = NOW + timedelta(days=1)
    value.compute(tomorrow)
    refresh(tomorrow)
    check(made, tomorrow)


def test_the_phase_in_a_rule_is_the_phase_of_the_customer_page() -> None:
    open_shop(invent(100, AS_OF))
    asked = {
        wanted: set(
            parse({"version": 1, "root": {"all": [condition("phase", "is_any_of", [wanted])]}})
            .customers(AsOf(NOW))
            .values_list("pk", flat=True)
        )
        for wanted in ("none", "judging", "verifying", "settled")
    }
    for customer in Customer.objects.living().select_related("standing"):
        standing = customer.standing
        told = phase(
            standing.active_days, standing.first_order_at, standing.last_activity_at, words.shop_zone()
        )
        assert [wanted for wanted, pks in asked.items() if customer.pk in pks] == [told.value]
