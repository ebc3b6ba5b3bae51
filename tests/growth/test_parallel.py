"""Races over one customer's points, provoked with real connections."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from config.kit.refusal import Conflict
from growth.models import CheckIn, Entry, EntryKind
from growth.services import joining, ripen
from growth.services.check_in import check_in
from growth.services.earn import Earning, earn, grant, take_back
from growth.services.spend import spend
from tests.growth.books import assert_in_order, balance_of
from tests.growth.conftest import DAY, T0
from users.models import Customer

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(acts: list[Callable[[], object]]) -> list[object]:
    """Run the acts in as many threads, started together; results, or the refusal's code."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            gate.wait()
            return act()
        except Conflict as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_fifty_spends_of_a_whole_balance_one_succeeds(alice: Customer):
    grant(alice.pk, 100, key="g", kind=EntryKind.ADJUST, now=T0)
    answers = at_once([lambda n=n: spend(alice.pk, 100, key=f"s{n}", now=T0) for n in range(50)])  # type: ignore[misc]
    assert sorted(map(str, answers)) == ["True", *["not_enough_points"] * 49]
    assert balance_of(alice.pk) == (0, 0, 0)
    assert_in_order()


def test_fifty_repeats_of_one_spend_book_once(alice: Customer):
    grant(alice.pk, 100, key="g", kind=EntryKind.ADJUST, now=T0)
    answers = at_once([lambda: spend(alice.pk, 60, key="s", now=T0)] * 50)
    assert sorted(map(str, answers)) == [*["False"] * 49, "True"]
    assert balance_of(alice.pk) == (0, 40, 0)


def test_fifty_check_ins_make_one(alice: Customer):
    answers = at_once([lambda: check_in(alice, now=T0)] * 50)
    assert sum(answer.is_new for answer in answers) == 1  # type: ignore[attr-defined]
    assert (CheckIn.objects.count(), balance_of(alice.pk)) == (1, (0, 1, 0))
    assert Entry.objects.filter(kind="check_in").count() == 2


def test_lots_expire_and_mature_while_they_are_spent_and_taken_back(alice: Customer, bob: Customer):
    over = T0 + 365 * DAY
    for customer in (alice, bob):
        for n in range(10):
            grant(customer.pk, 10, key=f"old{n}", kind=EntryKind.ADJUST, now=T0)
            grant(customer.pk, 10, key=f"young{n}", kind=EntryKind.ADJUST, now=T0 + DAY)
        earn([Earning(customer.pk, "shop", f"{customer.pk}-{n}", 10, 1000, T0, over) for n in range(10)])
    acts: list[Callable[[], object]] = [lambda: ripen.expire(over), lambda: ripen.mature(over)] * 3
    for customer in (alice, bob):
        acts += [lambda n=n, c=customer: spend(c.pk, 10, key=f"s{n}", now=over) for n in range(15)]  # type: ignore[misc]
        acts += [
            lambda n=n, c=customer: take_back(  # type: ignore[misc]
                c.pk, source="shop", number=f"{c.pk}-{n}", net_after=0, key=f"r{n}", now=over
            )
            for n in range(5)
        ]
    at_once(acts)
    ripen.expire(over)
    ripen.mature(over)
    assert_in_order()
    for customer in (alice, bob):
        pending, active, owed = balance_of(customer.pk)
        spent = Entry.objects.filter(customer=customer, kind="spend", account="redeem").count() * 10
        assert (pending, owed) == (0, 0)
        assert active == 100 + 50 - spent


def test_joins_in_both_directions_and_spends_never_deadlock_or_lose(alice: Customer, bob: Customer):
    for customer in (alice, bob):
        grant(customer.pk, 100, key=f"g{customer.pk}", kind=EntryKind.ADJUST, now=T0)
    acts: list[Callable[[], object]] = [lambda: joining.join(alice.pk, bob.pk, now=T0)] * 4
    acts += [lambda n=n: spend(alice.pk, 10, key=f"a{n}", now=T0) for n in range(10)]  # type: ignore[misc]
    acts += [lambda n=n: spend(bob.pk, 10, key=f"b{n}", now=T0) for n in range(10)]  # type: ignore[misc]
    at_once(acts)
    spent = Entry.objects.filter(kind="spend", account="redeem").count() * 10
    assert balance_of(alice.pk)[1] + balance_of(bob.pk)[1] == 200 - spent
    assert balance_of(bob.pk) == (0, 0, 0)
    assert_in_order()
