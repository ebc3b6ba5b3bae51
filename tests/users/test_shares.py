"""Money by order line: the parts of an order are its net to the cent, whatever is told of it in whatever order."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.kit.batches import execute, fetch
from tests.clock import move_to
from tests.users.door import Item, customer, hand_in, send, track, visitor
from users.models import Order, OrderLine, Touched
from users.services.enter_rate import set_rate
from users.services.intake import apply_waiting
from users.services.joining import join
from users.shares import split

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
NETS = st.integers(-(10**15), 10**15) | st.integers(-30, 30)
AMOUNTS = st.lists(st.integers(0, 10**15) | st.integers(-2, 5), min_size=1, max_size=8)
THREE = [{"product_id": f"p{n}", "price": price} for n, price in ((1, 10), (2, 10), (3, 10))]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOON)


def bought(number: str = "1", *, at: datetime = NOON, user: str = "alice", **told: object) -> Item:
    return track(
        "Order Completed", at=at, user=user, order_id=number, **{"total": 10, "products": THREE, **told}
    )


def given_back(refund_id: str, amount: str, number: str = "1", **told: object) -> Item:
    at = NOON + timedelta(minutes=1)
    return track(
        "Order Refunded", at=at, user="alice", order_id=number, refund_id=refund_id, amount=amount, **told
    )


def parts(number: str = "1") -> list[int | None]:
    """The shares of an order's lines as they stand."""
    return list(OrderLine.objects.filter(number=number).order_by("line").values_list("share", flat=True))


def hold() -> None:
    """Every line has its part, every order of priced lines is their sum, and lines know when they were sold."""
    orders = {one.pk: one for one in Order.objects.all()}
    lines: dict[tuple[object, ...], list[OrderLine]] = {}
    for line in OrderLine.objects.order_by("line"):
        lines.setdefault((line.customer_id, line.source, line.number), []).append(line)
    for key, mine in lines.items():
        order, whole = orders[key], sum(line.amount for line in mine)
        assert {line.sold_at for line in mine} == {order.ordered_at if order.counts else None}
        if whole <= 0:
            assert {line.share for line in mine} == {None}
            continue
        assert sum(line.share or 0 for line in mine) == order.net
        for line in mine:
            assert line.share is not None and abs(line.share - Fraction(order.net * line.amount, whole)) < 1


@settings(deadline=None)
@given(net=NETS, amounts=AMOUNTS)
def test_parts_add_up_and_none_is_a_cent_off(net: int, amounts: list[int]) -> None:
    found, whole = split(net, amounts), sum(amounts)
    if whole <= 0:
        assert found == [None] * len(amounts)
        return
    given_out = [part for part in found if part is not None]
    assert sum(given_out) == net
    exact = [Fraction(net * amount, whole) for amount in amounts]
    lost = [one - part for one, part in zip(exact, given_out, strict=True)]
    assert all(-1 < one < 1 for one in lost)
    # Who got a cent had lost at least as much as who got none; of equals it was the earlier.
    raised = [(-1 - one, at) for at, one in enumerate(lost) if one < 0]
    kept = [(-one, at) for at, one in enumerate(lost) if one > 0]
    assert not raised or not kept or max(raised) < min(kept)


@settings(max_examples=40, deadline=None)
@given(orders=st.lists(st.tuples(NETS, AMOUNTS), min_size=1, max_size=20))
def test_the_database_splits_as_we_do(orders: list[tuple[int, list[int]]]) -> None:
    for net, amounts in orders:
        ((shares,),) = fetch("SELECT line_shares(%(net)s, %(amounts)s)", {"net": net, "amounts": amounts})
        assert shares == split(net, amounts)


def test_ten_by_three_and_what_refunds_leave() -> None:
    send(bought())
    assert parts() == [334, 333, 333]
    send(given_back("a", "0.01"))
    assert parts() == [333, 333, 333]
    send(given_back("b", "3.32"))
    assert parts() == [223, 222, 222]
    Touched.objects.all().delete()
    send(given_back("c", "6.67"))
    assert parts() == [0, 0, 0] and set(OrderLine.objects.values_list("sold_at", flat=True)) == {None}
    assert Touched.objects.filter(topic="orders").exists()


def test_a_gift_has_nothing_and_an_order_without_prices_no_known_part() -> None:
    send(bought(products=[THREE[0], {"product_id": "gift", "price": 0}, {"product_id": "p", "price": 20}]))
    assert parts() == [333, 0, 667]
    send(bought("2", products=[{"product_id": "p"}, {"product_id": "q"}]))
    assert parts("2") == [None, None]


def test_tax_and_shipping_are_no_part_and_lines_told_anew_are_shared_anew() -> None:
    send(bought(total=12, tax=1, shipping=1))
    assert parts() == [334, 333, 333]
    later = NOON + timedelta(minutes=1)
    send(track("Order Updated", at=later, user="alice", order_id="1", total=11))
    assert parts() == [300, 300, 300]
    send(track("Order Updated", at=later, user="alice", order_id="1", products=THREE[:2]))
    assert parts() == [450, 450]
    send(track("Order Cancelled", at=later, user="alice", order_id="1"))
    assert parts() == [450, 450]
    hold()


STORY = [
    bought(total=99.99, products=[{"product_id": f"p{n}", "price": n, "quantity": 2} for n in range(4)]),
    track("Order Updated", at=NOON + timedelta(hours=1), user="alice", order_id="1", shipping=3.33),
    given_back("a", "10.01"), given_back("b", "33.34"), given_back("c", "0.02"),
    bought("2", payment_status="pending"),
    track("Order Updated", at=NOON + timedelta(hours=2), user="alice", order_id="2", payment_status="paid"),
    track("Order Updated", at=NOON + timedelta(hours=3), user="alice", order_id="1", products=THREE),
]  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(told=st.permutations(STORY), cuts=st.lists(st.integers(1, 7), max_size=3))
def test_in_any_order_and_in_any_batches_the_parts_are_the_order(told: list[Item], cuts: list[int]) -> None:
    for table in ("orderline", "refund", "order", "orderkey", "event", "deadletter"):
        execute(f"DELETE FROM users_{table}")
    for at, item in enumerate(told):
        if at in cuts:
            apply_waiting(1_000)
            hold()
        hand_in(item)
    apply_waiting(1_000)
    hold()


def test_a_new_rate_shares_anew() -> None:
    day = date(2026, 5, 20)
    set_rate(currency="EUR", first=day, last=day, rate=Decimal("1.1"), by=None)
    send(bought(currency="EUR"), given_back("a", "1", currency="EUR"))
    assert parts() == [330, 330, 330]
    set_rate(currency="EUR", first=day, last=day, rate=Decimal("1.0837"), by=None)
    assert parts() == [326, 325, 325]
    hold()


def test_joined_customers_keep_their_parts() -> None:
    send(
        bought(),
        track("Order Completed", at=NOON, anonymous="tablet", order_id="2", total=5, products=THREE[:1]),
    )
    join(customer("alice").pk, visitor("tablet").pk, now=NOON, cause="hand")
    assert (parts(), parts("2")) == ([334, 333, 333], [500])
    hold()
