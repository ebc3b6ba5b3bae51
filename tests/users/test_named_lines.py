"""Refunds that name their lines are taken off those lines, to the cent, in whatever order they come."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.kit.batches import execute, fetch
from tests.clock import move_to
from tests.users.door import Item, customer, hand_in, send, track, visitor
from users.models import DeadLetter, Order, OrderLine, OwnedProduct, Refund
from users.services.enter_rate import set_rate
from users.services.intake import apply_waiting
from users.services.joining import join

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
Product = dict[str, Any]
CUP: Product = {"product_id": "cup", "sku": "cup-red", "line_id": "11", "price": 30, "quantity": 2}
TEA: Product = {"product_id": "tea", "sku": "tea-1", "line_id": "12", "price": 40}
GIFT: Product = {"product_id": "tea", "sku": "tea-gift", "line_id": "13", "price": 0}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOON)


def bought(*products: Product, total: float = 100, number: str = "1", **told: Any) -> Item:
    return track(
        "Order Completed",
        at=NOON,
        user="alice",
        order_id=number,
        total=total,
        products=products or (CUP, TEA),
        **told,
    )


def given_back(refund_id: str, *products: Product, minute: int = 1, number: str = "1", **told: Any) -> Item:
    at = NOON + timedelta(minutes=minute)
    named = {"products": list(products)} if products else {}
    return track("Order Refunded", at=at, user="alice", order_id=number, refund_id=refund_id, **named, **told)


def parts(number: str = "1") -> list[int | None]:
    return list(OrderLine.objects.filter(number=number).order_by("line").values_list("share", flat=True))


def test_a_refund_of_one_line_is_taken_off_that_line() -> None:
    send(bought())
    assert parts() == [6000, 4000]
    send(given_back("a", {"product_id": "tea", "price": 40}))
    assert (parts(), Order.objects.get().net) == ([6000, 0], 6000)
    send(given_back("b", {"sku": "cup-red", "price": 30, "quantity": 1}))
    assert parts() == [3000, 0]


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ({"line_id": "11"}, [3000, 4000]),  # the number of the line, whatever else is said
        ({"line_id": "11", "product_id": "tea"}, [3000, 4000]),
        ({"line_id": "99", "product_id": "cup"}, [3000, 4000]),  # a number nobody knows: the product then
        (
            {"product_id": "cup", "sku": "cup-blue"},
            [4200, 2800],
        ),  # another variant: nothing of the order is named
        ({"product_id": "pot"}, [4200, 2800]),
        ({"name": "Cup"}, [4200, 2800]),  # a name alone names nothing
    ],
)
def test_how_a_line_is_named(name: Product, left: list[int]) -> None:
    send(bought(), given_back("a", name, amount=30))
    assert parts() == left


def test_freight_and_tax_are_no_part_of_what_was_named() -> None:
    """The refund gives back 45: one cup at 30, and 15 for nothing that was named; what is left of each bears it."""
    send(bought(total=120, shipping=20), given_back("a", CUP | {"quantity": 1}, amount=45))
    assert (parts(), sum(part or 0 for part in parts())) == ([2357, 3143], Order.objects.get().net)


def test_more_than_a_line_had_spills_over_the_others_and_never_below_zero() -> None:
    send(bought(total=80, discount=20))
    assert parts() == [4800, 3200]
    send(
        given_back("a", TEA | {"amount": 40}, amount=40)
    )  # named before the discount, given back before the discount
    assert parts() == [4000, 0]
    send(given_back("b", TEA, amount=10))
    assert parts() == [3000, 0]


def test_pieces_without_an_amount_and_a_line_without_pieces() -> None:
    send(bought(), given_back("a", {"sku": "cup-red", "quantity": 1}, amount=30))
    assert parts() == [3000, 4000]
    send(bought(number="2"), given_back("b", {"line_id": "11"}, amount=60, number="2"))
    assert parts("2") == [0, 4000]
    assert dict(OwnedProduct.objects.filter(order_number="2").values_list("product_id", "quantity")) == {
        "tea": 1
    }
    # A part of the money for a whole line is no line given back.
    send(bought(number="3"), given_back("c", {"line_id": "11"}, amount=10, number="3"))
    assert dict(OwnedProduct.objects.filter(order_number="3").values_list("product_id", "quantity")) == {
        "tea": 1, "cup": 2,
    }  # fmt: skip


def test_where_two_lines_are_meant_their_amounts_decide_and_a_gift_bears_nothing() -> None:
    send(bought(CUP, TEA, GIFT), given_back("a", {"product_id": "tea"}, amount=25))
    assert parts() == [6000, 1500, 0]
    send(given_back("b", {"sku": "tea-gift"}, amount=6))
    assert parts() == [5520, 1380, 0]


def test_a_refund_that_comes_before_its_order_and_one_told_twice() -> None:
    send(given_back("a", TEA, amount=40))
    assert DeadLetter.objects.get().code == "unknown_order"
    send(bought())
    apply_waiting()
    send(given_back("a", TEA, amount=40))
    assert parts() == [6000, 0] and Refund.objects.count() == 1


def test_lines_told_anew_are_named_anew() -> None:
    send(bought(), given_back("a", TEA))
    later = NOON + timedelta(hours=1)
    send(track("Order Updated", at=later, user="alice", order_id="1", products=[TEA, CUP], total=100))
    assert parts() == [0, 6000]
    send(
        track(
            "Order Updated",
            at=later + timedelta(hours=1),
            user="alice",
            order_id="1",
            products=[CUP],
            total=100,
        )
    )
    assert parts() == [6000]


def test_another_rate_and_another_customer_keep_what_was_named() -> None:
    day = date(2026, 5, 20)
    set_rate(currency="EUR", first=day, last=day, rate=Decimal("1.1"), by=None)
    send(
        bought(currency="EUR"), given_back("a", TEA, currency="EUR"),
        track("Page Viewed", at=NOON, anonymous="tablet"),
    )  # fmt: skip
    assert parts() == [6600, 0]
    set_rate(currency="EUR", first=day, last=day, rate=Decimal("1.0837"), by=None)
    assert parts() == [6502, 0]
    join(visitor("tablet").pk, customer("alice").pk, now=NOON, cause="hand")
    send(given_back("b", CUP | {"quantity": 1}, currency="EUR"))
    assert parts() == [3251, 0] and OrderLine.objects.filter(line_id="12").exists()


# An oracle that goes line by line with decimals, for orders whose amounts lie on the cent.


def spread(money: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Largest remainder, the earlier of equals first."""
    whole = sum(weights)
    if whole <= 0:
        return [Decimal(0)] * len(weights)
    parts = [(money * weight) // whole for weight in weights]
    rest = [money * weight - part * whole for weight, part in zip(weights, parts, strict=True)]
    order = sorted(range(len(weights)), key=lambda at: (-rest[at], at))
    for at in order[: int(money - sum(parts))]:
        parts[at] += 1
    return parts


def expected(
    lines: list[Product], net: Decimal, refunds: list[tuple[Decimal, list[Product]]]
) -> list[Decimal]:
    """What each line has: its part of everything, less what was named of it, and the rest off all of them."""
    amounts = [Decimal(one["price"] * one["quantity"] * 100) for one in lines]
    brought = net + sum(amount for amount, _named in refunds)
    named = [Decimal(0)] * len(lines)
    for amount, said in refunds:
        meant = [[at for at, line in enumerate(lines) if line["sku"] == one["sku"]] for one in said]
        worth = [
            Decimal(one["quantity"] * max((lines[at]["price"] for at in places), default=0) * 100)
            for one, places in zip(said, meant, strict=True)
        ]
        for money, places in zip(spread(min(amount, sum(worth, Decimal(0))), worth), meant, strict=True):
            for at, part in zip(places, spread(money, [amounts[at] for at in places]), strict=True):
                named[at] += part
    kept = [max(part - off, Decimal(0)) for part, off in zip(spread(brought, amounts), named, strict=True)]
    return spread(net, kept if any(named) and any(kept) else amounts)


LINE = st.builds(
    lambda sku, price, quantity: {"sku": sku, "price": price, "quantity": quantity},
    st.sampled_from("abc"), st.integers(0, 9), st.integers(1, 3),
)  # fmt: skip
NAMED = st.lists(
    st.builds(
        lambda sku, quantity: {"sku": sku, "quantity": quantity}, st.sampled_from("abcd"), st.integers(1, 3)
    ),
    max_size=3,
)


@settings(max_examples=25, deadline=None)
@given(
    lines=st.lists(LINE, min_size=1, max_size=4),
    discount=st.integers(0, 500),
    refunds=st.lists(st.tuples(st.integers(1, 1500), NAMED), max_size=4),
    data=st.data(),
)
def test_in_any_order_of_arrival_the_lines_are_the_order_and_what_was_named(
    lines: list[Product], discount: int, refunds: list[tuple[int, list[Product]]], data: st.DataObject
) -> None:
    # An example that ends while it is drawn leaves what it had handed in.
    for table in (
        "intakebody",
        "orderline",
        "refund",
        "order",
        "orderkey",
        "event",
        "deadletter",
        "ownedproduct",
    ):
        execute(f"DELETE FROM users_{table}")
    total = max(sum(one["price"] * one["quantity"] for one in lines) * 100 - discount, 100)
    taken, left = [], total
    for amount, said in refunds:
        taken.append((min(amount, left), said))
        left -= taken[-1][0]
    told = [bought(*lines, total=total / 100)]
    told += [
        given_back(f"r{no}", *said, amount=amount / 100) for no, (amount, said) in enumerate(taken) if amount
    ]
    for item in data.draw(st.permutations(told)):
        hand_in(item)
        if data.draw(st.booleans()):
            apply_waiting(1_000)
    while apply_waiting(1_000).bodies:
        pass
    net = Order.objects.get().net
    assert net == left
    counted = [(Decimal(amount), said) for amount, said in taken if amount]
    found = parts()
    if any(one["price"] for one in lines):
        assert found == expected(lines, Decimal(net), counted)
        assert sum(part or 0 for part in found) == net and min(part or 0 for part in found) >= 0
    else:
        assert set(found) == {None}


def test_before_the_refund_the_line_had_its_whole_part() -> None:
    send(bought(), given_back("a", TEA, minute=5), given_back("b", CUP | {"quantity": 1}, minute=10))
    who = customer("alice").pk
    then = [
        [share for (share,) in fetch(
            "SELECT share_then(%s, 'shop', '1', line, %s) FROM users_orderline ORDER BY line",
            [who, NOON + timedelta(minutes=minute)],
        )]
        for minute in (1, 7, 20)
    ]  # fmt: skip
    assert then == [[6000, 4000], [6000, 0], [3000, 0]] and parts() == [3000, 0]
