"""Orders, refunds and cancellations: amounts, order of arrival, who may say so, what is told to others."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clock import move_to
from tests.users.door import Item, customer, hand_in, identify, send, track, visit
from users.models import DeadLetter, Event, Order, OrderKey, OrderLine, Outbox, Product, Refund, Standing
from users.money import NotMoney, minor_units
from users.services.intake import apply_waiting

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOON)


def completed(number: str, *, at: datetime = NOON, user: str = "alice", **properties: Any) -> Item:
    return track("Order Completed", at=at, user=user, order_id=number, **{"total": 100, **properties})


def refunded(
    number: str, refund_id: str, *, at: datetime = NOON, user: str = "alice", **properties: Any
) -> Item:
    return track("Order Refunded", at=at, user=user, order_id=number, refund_id=refund_id, **properties)


def order(number: str = "1") -> Order:
    return Order.objects.get(number=number)


def figures(user: str = "alice") -> tuple[int, int]:
    standing = Standing.objects.get(customer=customer(user))
    return standing.orders, standing.revenue


def told(name: str) -> list[dict[str, Any]]:
    return list(
        Event.objects.filter(type__name=name).order_by("occurred_at").values_list("properties", flat=True)
    )


def test_a_paid_order_with_its_lines() -> None:
    send(
        completed(
            "1", total="119.90", tax=10, shipping=5.5, discount=3, coupon="SPRING", currency="usd",
            products=[
                {"product_id": "p1", "sku": "s1", "name": "Kind of Blue", "category": "Jazz", "price": 19.99,
                 "quantity": 2},
                {"product_id": "p2", "name": "Nevermind", "price": 64.42},
            ],
        )
    )  # fmt: skip
    one = order()
    assert (one.customer_id, one.source, one.ordered_at, one.paid_at) == (
        customer("alice").pk,
        "shop",
        NOON,
        NOON,
    )
    assert (one.total, one.tax, one.shipping, one.discount, one.net) == (11_990, 1_000, 550, 300, 10_440)
    assert (one.confirmed, one.counts, one.coupon, one.currency) == (True, True, "SPRING", "USD")
    lines = OrderLine.objects.order_by("line").values_list(
        "line", "product_id", "quantity", "price", "amount"
    )
    assert list(lines) == [(1, "p1", 2, 1_999, 3_998), (2, "p2", 1, 6_442, 6_442)]
    assert OrderKey.objects.get(number="1").customer_id == customer("alice").pk
    assert figures() == (1, 10_440)
    standing = Standing.objects.get()
    assert (standing.first_order_at, standing.last_order_at) == (NOON, NOON)
    assert set(Product.objects.values_list("product_id", "name", "price")) == {
        ("p1", "Kind of Blue", 1_999),
        ("p2", "Nevermind", 6_442),
    }
    assert told("order_paid") == [
        {"source": "shop", "number": "1", "net": 10_440, "currency": "USD", "paid_at": "2026-05-20T04:00:00Z"}
    ]
    assert Event.objects.get(type__name="order_paid").message_id == "order_paid:shop:1"


def test_without_a_total_the_parts_make_it() -> None:
    send(
        track(
            "Order Completed",
            at=NOON,
            user="alice",
            order_id="1",
            revenue=80,
            shipping=10,
            tax=5,
            discount=15,
        )
    )
    assert (order().total, order().net) == (8_000, 6_500)


@pytest.mark.parametrize(
    ("properties", "code", "field"),
    [
        ({"total": 10}, "no_order_id", "order_id"),
        ({"order_id": "x" * 101, "total": 10}, "too_long", "order_id"),
        ({"order_id": "1"}, "no_amount", "total"),
        ({"order_id": "1", "total": "ten"}, "bad_amount", "total"),
        ({"order_id": "1", "total": -1}, "bad_amount", "total"),
        ({"order_id": "1", "total": 2**53}, "bad_amount", "total"),
        ({"order_id": "1", "total": 10, "currency": "EUR"}, "no_exchange_rate", "currency"),
        ({"order_id": "1", "total": 10, "currency": "ZZZ"}, "unknown_currency", "currency"),
        ({"order_id": "1", "total": 10, "products": "p1"}, "bad_products", "products"),
        ({"order_id": "1", "total": 10, "products": [{"quantity": 0}]}, "bad_quantity", "products.quantity"),
        ({"order_id": "1", "total": 10, "products": [{"price": "free"}]}, "bad_amount", "price"),
    ],
)
def test_what_makes_no_sense_is_parked_with_its_reason(
    properties: dict[str, Any], code: str, field: str
) -> None:
    applied = send(track("Order Completed", at=NOON, user="alice", **properties), visit(at=NOON, user="bob"))
    assert (applied.parked, applied.events) == (1, 1)
    letter = DeadLetter.objects.get()
    assert (letter.code, letter.field) == (code, field)
    assert not Order.objects.exists()


def test_amounts_are_minor_units_of_their_currency() -> None:
    assert minor_units("19.995", "USD") == 2_000
    assert minor_units(1500, "JPY") == 1_500
    assert minor_units("1.2345", "KWD") == 1_235
    nonsense: Any
    for nonsense in ("", "1e3", "NaN", "12,50", True, None, [], "٣"):
        with pytest.raises(NotMoney):
            minor_units(nonsense, "USD")


def test_an_order_waits_until_it_is_paid() -> None:
    send(completed("1", at=NOON - HOUR, payment_status="pending"))
    assert (order().counts, order().paid_at, figures(), told("order_paid")) == (False, None, (0, 0), [])
    send(track("Order Updated", at=NOON, user="alice", order_id="1", payment_status="paid"))
    assert (order().counts, order().paid_at, figures()) == (True, NOON, (1, 10_000))
    assert len(told("order_paid")) == 1


def test_paid_five_times_is_paid_once() -> None:
    send(*(completed("1") for _ in range(3)))
    send(completed("1"))
    send(completed("1", at=NOON - HOUR))
    assert figures() == (1, 10_000)
    assert len(told("order_paid")) == 1
    assert order().paid_at == NOON - HOUR


def test_a_forged_order_counts_for_nothing() -> None:
    send(completed("1", user="mallory", total=1_000_000), confirmed=False)
    assert (order().confirmed, order().counts) == (False, False)
    assert figures("mallory") == (0, 0)
    assert not OrderKey.objects.exists()
    assert told("order_paid") == []


def test_a_forged_order_does_not_take_the_real_ones_number() -> None:
    send(completed("1", user="mallory"), confirmed=False)
    send(completed("1", user="alice"))
    assert figures("alice") == (1, 10_000)
    assert figures("mallory") == (0, 0)
    send(completed("1", user="mallory", at=NOON + timedelta(minutes=1), total=1), confirmed=False)
    assert figures("alice") == (1, 10_000)


def test_the_server_confirms_what_the_browser_told() -> None:
    send(completed("1", message_id="m", total=1, products=[{"product_id": "x", "price": 1}]), confirmed=False)
    send(completed("1", message_id="m", total=50))
    assert (order().confirmed, order().total, figures()) == (True, 5_000, (1, 5_000))
    assert Event.objects.get(message_id="m").confirmed
    assert not OrderLine.objects.exists()
    assert len(told("order_paid")) == 1


def test_a_write_key_cannot_refund_or_cancel() -> None:
    send(completed("1"))
    send(
        refunded("1", "r1", amount=100),
        track("Order Cancelled", at=NOON, user="alice", order_id="1"),
        confirmed=False,
    )
    assert figures() == (1, 10_000)
    assert not Refund.objects.exists()


def test_a_partial_refund_counts_from_its_own_instant() -> None:
    send(completed("1", at=NOON - DAY))
    send(refunded("1", "r1", amount=30, products=[{"product_id": "p1", "price": 30, "quantity": 1}]))
    refund = Refund.objects.get()
    assert (refund.amount, refund.refunded_at) == (3_000, NOON)
    assert (order().refunded, order().net, order().counts, figures()) == (3_000, 7_000, True, (1, 7_000))
    assert told("order_refunded") == [
        {
            "source": "shop", "number": "1", "refund_id": "r1", "amount": 3_000, "net_after": 7_000,
            "lines": [{"product_id": "p1", "sku": "", "line_id": "", "quantity": 1, "amount": 3_000}],
        }
    ]  # fmt: skip
    assert Event.objects.get(type__name="order_refunded").message_id == "order_refunded:shop:1:r1"


def test_refunded_three_times_under_one_id_is_refunded_once() -> None:
    send(completed("1"), *(refunded("1", "r1", amount=40) for _ in range(2)))
    send(refunded("1", "r1", amount=40))
    assert (order().refunded, len(told("order_refunded"))) == (4_000, 1)


def test_wholly_refunded_is_no_order() -> None:
    send(completed("1"))
    send(refunded("1", "r1", amount=30))
    send(refunded("1", "r2"))
    assert (order().refunded, order().counts, figures()) == (10_000, False, (0, 0))


def test_refunds_of_more_than_there_was_are_parked() -> None:
    send(completed("1"), refunded("1", "r1", amount=60), refunded("1", "r2", amount=60))
    assert order().refunded == 6_000
    assert DeadLetter.objects.get().code == "refund_over_total"


def test_a_refund_that_comes_before_the_order_was_raised_waits_for_it() -> None:
    send(completed("1"), refunded("1", "r1", amount=60), refunded("1", "r2", amount=60))
    letter = DeadLetter.objects.get()
    send(completed("1", total=110, at=NOON + HOUR))
    letter.refresh_from_db()
    assert (order().refunded, letter.replayed_at is not None) == (6_000, True)
    again = DeadLetter.objects.get(replayed_at=None)  # 50 are left of 110: tried again, and still too much
    assert (again.code, again.detail) == ("refund_over_total", "shop 1")
    send(completed("1", total=130, at=NOON + 2 * HOUR))
    assert (order().total, order().refunded) == (13_000, 12_000)
    assert not DeadLetter.objects.filter(replayed_at=None).exists()


def test_a_refund_that_comes_before_its_order_waits_for_it() -> None:
    send(refunded("1", "r1", amount=30))
    letter = DeadLetter.objects.get()
    assert (letter.code, letter.detail, letter.replayed_at) == ("unknown_order", "shop 1", None)
    assert not Refund.objects.exists()
    send(completed("1", at=NOON - HOUR))
    letter.refresh_from_db()
    assert letter.replayed_at is not None
    assert figures() == (1, 7_000)


def test_a_cancelled_order_counts_for_nothing() -> None:
    send(completed("1"))
    send(track("Order Cancelled", at=NOON, user="alice", order_id="1"))
    assert (order().counts, order().cancelled_at, figures()) == (False, NOON, (0, 0))
    assert told("order_cancelled") == [{"source": "shop", "number": "1"}]


def test_an_order_stays_with_whom_it_was_first_told_of() -> None:
    send(completed("1", user="alice"))
    send(refunded("1", "r1", user="bob", amount=10))
    assert (figures("alice"), figures("bob")) == ((1, 9_000), (0, 0))


def test_a_visitors_order_goes_along_when_they_are_recognised() -> None:
    send(completed("2", user="alice"))
    send(track("Order Completed", at=NOON, anonymous="phone", order_id="1", total=40))
    send(identify(at=NOON, anonymous="phone", user="alice"))
    assert figures() == (2, 14_000)
    assert OrderKey.objects.get(number="1").customer_id == customer("alice").pk
    send(refunded("1", "r1", amount=40))
    assert figures() == (1, 10_000)


STORY = (
    completed(
        "1", at=NOON - 5 * HOUR, total=100, tax=8, coupon="A", products=[{"product_id": "p", "price": 100}]
    ),
    track("Order Updated", at=NOON - 4 * HOUR, user="alice", order_id="1", total=90, tax=7),
    refunded("1", "r1", at=NOON - 3 * HOUR, amount=20),
    track("Order Updated", at=NOON - 2 * HOUR, user="alice", order_id="1", total=95, coupon="B"),
)


@pytest.mark.parametrize("order_of_arrival", list(permutations(range(4))))
def test_an_order_told_in_any_order_ends_the_same(order_of_arrival: tuple[int, ...]) -> None:
    for index in order_of_arrival:
        send(STORY[index])
    one = order()
    assert (one.total, one.tax, one.coupon, one.refunded, one.net) == (9_500, 700, "B", 2_000, 6_800)
    assert (one.ordered_at, one.counts, figures()) == (NOON - 5 * HOUR, True, (1, 6_800))
    assert OrderLine.objects.get().product_id == "p"


@given(st.lists(st.integers(0, 3), min_size=4, max_size=8), st.booleans())
@settings(max_examples=8, deadline=None)
def test_an_order_told_repeatedly_and_together_ends_the_same(told_again: list[int], together: bool) -> None:
    with transaction.atomic():
        move_to(NOON)
        for index in (*told_again, *range(4)):
            hand_in(STORY[index])
            if not together:
                apply_waiting(100)
        apply_waiting(100)
        assert (order().total, order().refunded, figures()) == (9_500, 2_000, (1, 6_800))
        transaction.set_rollback(True)


def handed_on() -> set[str]:
    """The orders whose payment handlers will hear of."""
    told = Outbox.objects.filter(message_id__startswith="order_paid:").values_list("message_id", flat=True)
    return {key.rpartition(":")[2] for key in told}


def test_what_a_payment_starts_hangs_on_when_we_hear_of_it() -> None:
    """An order known as unpaid starts things when it is paid, days later too; an old one told at last does not."""
    for number in ("on account", "paid long ago"):
        send(
            track(
                "Order Completed", at=NOON - 3 * DAY, user="a", order_id=number, total=9, payment_status="due"
            )
        )
    for number, at in (("on account", NOON), ("paid long ago", NOON - 2 * DAY)):
        send(track("Order Updated", at=at, user="a", order_id=number, payment_status="paid"))
    send(
        track("Order Completed", at=NOON - 3 * DAY, user="a", order_id="old", total=9),
        track(
            "Order Completed",
            at=NOON - 3 * DAY,
            user="a",
            order_id="old in parts",
            total=9,
            payment_status="due",
        ),
        track("Order Updated", at=NOON, user="a", order_id="old in parts", payment_status="paid"),
        track("Order Completed", at=NOON, user="a", order_id="new", total=9),
    )
    assert handed_on() == {"on account", "new"}
    assert Standing.objects.get().orders == 5


def test_a_refund_told_again_of_an_earlier_day_counts_from_then() -> None:
    send(completed("1", at=NOON - 5 * DAY))
    for at in (NOON, NOON - DAY, NOON - HOUR):
        send(refunded("1", "r", at=at, amount=10))
    assert Refund.objects.values_list("refunded_at", "amount").get() == (NOON - DAY, 1_000)
    assert (order().refunded, figures()) == (1_000, (1, 9_000))
