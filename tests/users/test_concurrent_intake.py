"""Several workers at once, and one log delivered in many ways."""

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clock import move_to
from tests.users.door import Item, customer, hand_in, identify, item, track, visit
from users.models import Customer, CustomerDay, DeadLetter, Event, Identity, Order, StageMove, Standing
from users.services.intake import apply_waiting

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def together(*acts: Callable[[], Any]) -> None:
    """Run acts in threads that start at the same moment, each on a connection of its own."""
    gate = threading.Barrier(len(acts))
    problems: list[BaseException] = []

    def run(act: Callable[[], Any]) -> None:
        try:
            gate.wait()
            act()
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_make_one_person_twice() -> None:
    move_to(NOON)
    people = [f"user{n}" for n in range(40)]
    draw = random.Random(7)
    for _ in range(12):
        draw.shuffle(people)
        hand_in(*(visit(at=NOON, user=name, anonymous=f"device-{name}") for name in people))
        draw.shuffle(people)
        hand_in(*(visit(at=NOON, anonymous=f"device-{name}") for name in people))
    together(*[lambda: [apply_waiting(1) for _ in range(24)]] * 4)
    assert Customer.objects.count() == Standing.objects.count() == 40
    assert Identity.objects.count() == 80
    assert Event.objects.filter(type__name="Page Viewed").count() == 12 * 2 * 40
    assert set(CustomerDay.objects.values_list("events", flat=True)) == {24}
    assert set(Standing.objects.values_list("stage", "active_days")) == {("new", 1)}
    assert not DeadLetter.objects.exists()


# One shop's log: three people on four devices, logins, an alias, orders that are changed and refunded.
LOG: tuple[Item, ...] = (
    visit(at=NOON - 80 * DAY, anonymous="d1"),
    identify(at=NOON - 79 * DAY, anonymous="d1", user="alice", name="Alice", colour="red"),
    track("Order Completed", at=NOON - 79 * DAY, user="alice", order_id="1", total=100, tax=8),
    track("Order Refunded", at=NOON - 70 * DAY, user="alice", order_id="1", refund_id="r1", amount=25),
    visit(at=NOON - 40 * DAY, anonymous="d2"),
    identify(at=NOON - 39 * DAY, anonymous="d2", user="alice", colour="blue"),
    track("Product Viewed", at=NOON - 39 * DAY, anonymous="d2", product_id="p1", category="Jazz"),
    visit(at=NOON - 20 * DAY, anonymous="d3"),
    item("alias", at=NOON - 19 * DAY, user="bob", previous="d3"),
    track("Order Completed", at=NOON - 19 * DAY, user="bob", order_id="2", total=40, payment_status="due"),
    track("Order Updated", at=NOON - 18 * DAY, user="bob", order_id="2", payment_status="paid", total=42),
    track("Order Completed", at=NOON - 2 * DAY, user="alice", order_id="3", total=10),
    track("Order Cancelled", at=NOON - DAY, user="alice", order_id="3"),
    visit(at=NOON - DAY, anonymous="d4"),
    # A follower whom the back end knows by openid only, then by unionid too, then as a user; and a phone app.
    identify(at=NOON - 30 * DAY, anonymous="w1", wechatOpenid="o-1"),
    visit(at=NOON - 30 * DAY, anonymous="w1"),
    identify(at=NOON - 25 * DAY, anonymous="w2", wechatOpenid="o-1", wechatUnionid="u-1"),
    identify(at=NOON - 24 * DAY, user="carol", wechatUnionid="u-1", phone="+86 138 0013 8000"),
    track("Order Completed", at=NOON - 23 * DAY, anonymous="w1", order_id="4", total=30),
    item("identify", at=NOON - 22 * DAY, user="carol", context={"device": {"token": "t-1"}}),
    item("identify", at=NOON - 21 * DAY, anonymous="a1", context={"device": {"token": "t-1"}}),
    visit(at=NOON - 21 * DAY, anonymous="a1"),
)


def outcome() -> dict[str, Any]:
    """Everything that must be the same, by names instead of ids."""
    told = Customer.objects.values_list(
        "user_id", "name", "attributes__colour", "first_seen_at", "country", "time_zone"
    )
    sent = Event.objects.exclude(type__is_internal=True)
    # Whether a cancelled order was ever told as paid depends on what was known at that moment.
    facts = Event.objects.filter(message_id__startswith="order_").exclude(message_id="order_paid:shop:3")
    return {
        "people": sorted(told, key=str),
        "keys": by_name(Identity.objects.all(), "kind", "value"),
        "standing": by_name(
            Standing.objects.all(), "stage", "stage_at", "first_activity_at", "last_activity_at",
            "run_started_at", "active_days", "next_move_at", "orders", "revenue", "first_order_at", "last_order_at",
        ),
        "moves": by_name(
            StageMove.objects.filter(superseded_at=None), "at", "from_stage", "to_stage", "cause_message_id"
        ),
        "orders": by_name(
            Order.objects.all(), "number", "ordered_at", "paid_at", "total", "net", "refunded", "counts"
        ),
        "days": by_name(CustomerDay.objects.all(), "day", "first_at", "last_at", "events"),
        "events": sorted(sent.values_list("message_id", flat=True)),
        "facts": sorted(facts.values_list("message_id", flat=True)),
        "waiting": DeadLetter.objects.filter(replayed_at=None).count(),
    }  # fmt: skip


def by_name(rows: QuerySet[Any], *columns: str) -> list[tuple[Any, ...]]:
    """These columns of rows about customers, with the userId in place of the id."""
    names = dict(Customer.objects.values_list("pk", "user_id"))
    return sorted(
        ((names[customer_id], *row) for customer_id, *row in rows.values_list("customer_id", *columns)),
        key=str,
    )


def deliver(deliveries: list[list[int]], *, at_once: bool) -> dict[str, Any]:
    """Hand the log in as bodies of these items, apply, look, and undo everything."""
    with transaction.atomic():
        move_to(NOON)
        for body in deliveries:
            hand_in(*(LOG[index] for index in body))
            if not at_once:
                apply_waiting(100)
        apply_waiting(1_000)
        found = outcome()
        transaction.set_rollback(True)
    return found


@st.composite
def ways_of_delivery(draw: Any) -> list[list[int]]:
    """The log shuffled, some of it repeated, cut into bodies."""
    indexes = list(range(len(LOG)))
    repeated = draw(st.lists(st.sampled_from(indexes), max_size=6))
    shuffled = draw(st.permutations(indexes + repeated))
    cuts = sorted(draw(st.sets(st.integers(1, len(shuffled) - 1), max_size=6)))
    return [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]


@pytest.mark.django_db
@given(deliveries=ways_of_delivery(), at_once=st.booleans())
@settings(max_examples=15, deadline=None)
def test_one_log_ends_the_same_however_it_is_delivered(deliveries: list[list[int]], at_once: bool) -> None:
    expected = deliver([list(range(len(LOG)))], at_once=True)
    assert {row[0] for row in expected["people"]} == {"alice", "bob", "carol", None}
    assert deliver(deliveries, at_once=at_once) == expected


@pytest.mark.django_db
def test_what_the_log_should_come_to() -> None:
    move_to(NOON)
    hand_in(*LOG)
    apply_waiting()
    alice = Standing.objects.get(customer=customer("alice"))
    assert (alice.stage, alice.stage_at) == ("returning", NOON - 2 * DAY)
    assert (alice.orders, alice.revenue) == (1, 6_700)
    bob = Standing.objects.get(customer=customer("bob"))
    assert (bob.stage, bob.orders, bob.revenue) == ("active", 1, 4_200)
