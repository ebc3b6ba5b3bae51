"""Joining two customers: one history, the stricter answer, the right figures, everything findable."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.clock import move_to
from tests.operators import operator
from tests.settling import accept_thresholds
from tests.users.door import customer, identify, send, track, visit, visitor
from users.models import (
    Consent,
    ContactPoint,
    Customer,
    CustomerAlias,
    CustomerDay,
    CustomerTag,
    CustomerValue,
    DataExport,
    Event,
    Identity,
    Order,
    OrderKey,
    OrderLine,
    Refund,
    StageMove,
    Standing,
    Tag,
    Touched,
)
from users.services import bundles, contacts, joining

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEWS = {"channel": "email", "topic": "news"}


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOON)


def join(survivor: str, absorbed: str) -> tuple[int, int]:
    kept, lost = customer(survivor).pk, customer(absorbed).pk
    joining.join(kept, lost, now=NOON, cause="hand")
    return kept, lost


def test_everything_the_absorbed_one_had_is_the_survivors() -> None:
    product = {"product_id": "p", "price": 10}
    send(
        identify(at=NOON, user="bob", email="bob@example.com", shoeSize=44),
        track("Order Completed", at=NOON - 50 * DAY, user="bob", order_id="1", total=10, products=[product]),
        track("Order Refunded", at=NOON - 49 * DAY, user="bob", order_id="1", refund_id="r", amount=3),
        visit(at=NOON - HOUR, user="bob"),
        visit(at=NOON - 2 * HOUR, user="alice"),
        visit(at=NOON - 60 * DAY, user="alice"),
    )
    CustomerTag.objects.create(
        customer=customer("bob"), tag=Tag.objects.create(name="vip"), tagged_at=NOON, source="hand"
    )
    Touched.objects.all().delete()
    alice, bob = join("alice", "bob")
    tables = (
        Consent,
        ContactPoint,
        CustomerDay,
        CustomerTag,
        Event,
        Identity,
        Order,
        OrderKey,
        OrderLine,
        Refund,
    )
    for model in tables:
        assert not model.objects.filter(customer=bob).exists(), model
    assert not Customer.objects.filter(pk=bob).exists()
    assert not Standing.objects.filter(pk=bob).exists()
    assert CustomerAlias.objects.get().customer_id == alice
    standing = Standing.objects.get(pk=alice)
    assert (standing.orders, standing.revenue, standing.active_days) == (1, 700, 3)
    assert (standing.first_activity_at, standing.last_activity_at) == (NOON - 60 * DAY, NOON - HOUR)
    assert (standing.stage, standing.stage_at) == ("returning", NOON - 2 * HOUR)
    assert CustomerDay.objects.get(day=NOON.date()).events == 2
    assert OrderKey.objects.get().customer_id == alice
    assert Refund.objects.get().customer_id == alice
    assert Customer.objects.get(pk=alice).attributes == {"shoeSize": 44}
    assert set(Touched.objects.filter(customer=alice).values_list("topic", flat=True)) == {
        "profile", "contact", "consent", "tags", "stage", "orders", "value", "events",
    }  # fmt: skip
    told = Event.objects.get(type__name="customers_joined")
    assert (told.customer_id, told.properties) == (alice, {"survivor": alice, "absorbed": bob})


def test_figures_of_the_day_of_the_absorbed_one_go() -> None:
    """The survivor's own hold until the next day computes both together."""
    send(visit(at=NOON, user="bob"), visit(at=NOON, user="alice"))
    for user in ("alice", "bob"):
        CustomerValue.objects.create(customer=customer(user), revenue_year=len(user))
    alice, _bob = join("alice", "bob")
    assert CustomerValue.objects.values_list("customer_id", "revenue_year").get() == (alice, 5)


def test_what_arrives_later_for_the_absorbed_one_finds_the_survivor() -> None:
    send(visit(at=NOON, user="bob"), visit(at=NOON, user="alice"))
    alice, _bob = join("alice", "bob")
    send(visit(at=NOON, user="bob"))
    assert Event.objects.filter(customer=alice, type__name="Page Viewed").count() == 3


@pytest.mark.parametrize("survivor_says", [True, False])
def test_of_two_answers_the_stricter_holds(survivor_says: bool) -> None:
    send(
        identify(at=NOON, user="alice", consents=[{**NEWS, "granted": survivor_says}]),
        identify(at=NOON, user="bob", consents=[{**NEWS, "granted": not survivor_says}]),
    )
    alice, _bob = join("alice", "bob")
    assert Consent.objects.get(customer=alice, is_current=True).granted is False
    assert Consent.objects.filter(customer=alice).count() == 3


def test_the_worse_state_of_an_address_holds() -> None:
    for user in ("alice", "bob"):
        send(identify(at=NOON, user=user, email="both@example.com"))
    contacts.set_state(customer("bob").pk, "email", "both@example.com", "blocked", NOON)
    join("alice", "bob")
    assert ContactPoint.objects.get().state == "blocked"


@pytest.mark.parametrize(("ours", "theirs", "both"), [(5, 2, 2), (2, 5, 2), (None, 3, 3), (3, None, 3)])
def test_the_stricter_wish_holds_and_copies_of_one_go(
    ours: int | None, theirs: int | None, both: int, settings: Settings, tmp_path: Path
) -> None:
    """Of two numbers of messages a week the smaller; a copy of the data of one of the two is no copy of both."""
    settings.DATA_DIR = tmp_path
    for user, most in (("alice", ours), ("bob", theirs)):
        send(identify(at=NOON, user=user))
        Customer.objects.filter(user_id=user).update(most_per_week=most)
        bundles.ask(customer(user).pk, by=operator(), now=NOON)
    alice, _bob = join("alice", "bob")
    assert Customer.objects.get(pk=alice).most_per_week == both
    assert not DataExport.objects.exists()


@pytest.mark.parametrize("bobs", [NOON - DAY, NOON + HOUR])
def test_of_one_tag_on_both_the_earlier_holds(bobs: datetime) -> None:
    tag = Tag.objects.create(name="VIP")
    for user, at in (("alice", NOON), ("bob", bobs)):
        send(identify(at=NOON - DAY, user=user))
        CustomerTag.objects.create(customer=customer(user), tag=tag, tagged_at=at, source=user)
    join("alice", "bob")
    first = min((NOON, "alice"), (bobs, "bob"))
    assert CustomerTag.objects.values_list("tagged_at", "source").get() == first


def test_a_confirmed_order_outdoes_a_claimed_one() -> None:
    send(track("Order Completed", at=NOON, user="alice", order_id="1", total=1_000), confirmed=False)
    product = {"sku": "s", "price": 10}
    send(track("Order Completed", at=NOON, user="bob", order_id="1", total=10, products=[product]))
    join("alice", "bob")
    order = Order.objects.get()
    assert (order.customer_id, order.total, order.counts) == (customer("alice").pk, 1_000, True)
    assert OrderLine.objects.get().sku == "s"


def test_stages_that_become_true_by_a_join_start_what_they_start() -> None:
    accept_thresholds()
    send(visit(at=NOON - 40 * DAY, user="alice"))
    send(visit(at=NOON - HOUR, anonymous="phone"))
    absorbed = visitor("phone").pk
    send(identify(at=NOON, anonymous="phone", user="alice"))
    move = StageMove.objects.get(customer=customer("alice"), to_stage="returning")
    assert (move.at, move.starts_things, move.superseded_at) == (NOON - HOUR, True, None)
    assert Event.objects.filter(type__name="stage_changed", properties__to="returning").count() == 1
    believed = StageMove.objects.get(customer=customer("alice"), to_stage="new", at=NOON - HOUR)
    assert believed.superseded_at == NOON
    assert not StageMove.objects.filter(customer=absorbed).exists()


def test_chains_of_joins_lead_to_the_last_survivor() -> None:
    for user in ("alice", "bob", "carol"):
        send(visit(at=NOON, user=user))
    _bob, carol = join("bob", "carol")
    alice, bob = join("alice", "bob")
    assert dict(CustomerAlias.objects.values_list("old_id", "customer_id")) == {carol: alice, bob: alice}
