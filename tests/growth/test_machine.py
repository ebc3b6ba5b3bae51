"""Random acts over a few customers: promise 4 holds after every one of them."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from config.kit.refusal import Conflict
from growth.models import Entry, EntryKind
from growth.services import joining, levels, ripen
from growth.services.earn import Earning, earn, grant, take_back
from growth.services.spend import spend
from tests.growth.books import assert_in_order, balance_of
from tests.growth.conftest import DAY, T0, make_customer
from users.models import CustomerAlias

pytestmark = pytest.mark.django_db

which = st.integers(0, 2)
points = st.integers(1, 300)


class Books(RuleBasedStateMachine):
    """Three customers whose points come, ripen, go, are refunded, replayed and joined."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.now = T0
        self.people = [make_customer(name).pk for name in ("ann", "ben", "cat")]
        self.orders: list[Earning] = []
        self.serial = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    def key(self) -> str:
        self.serial += 1
        return f"key{self.serial}"

    @initialize()
    def begin(self) -> None:
        grant(self.people[0], 50, key="welcome", kind=EntryKind.ADJUST, now=self.now)

    @rule(hours=st.integers(1, 24 * 200))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(who=which, given=st.integers(0, 300), net=st.integers(1, 50_000))
    def order_paid(self, who: int, given: int, net: int) -> None:
        order = Earning(self.people[who], "shop", self.key(), given, net, self.now, self.now + 7 * DAY)
        assert earn([order]) == (given > 0)
        self.orders.append(order)

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def order_paid_again(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.orders))
        before = Entry.objects.count()
        earn([order])
        assert Entry.objects.count() == before

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), net_after=st.integers(-10, 50_000))
    def refunded(self, data: st.DataObject, net_after: int) -> None:
        order = data.draw(st.sampled_from(self.orders))
        key = self.key()
        for now in (self.now, self.now):
            owner = self.owner(order.customer_id)
            taken = take_back(
                owner, source="shop", number=order.number, net_after=net_after, key=key, now=now
            )
        assert taken == 0

    @rule(who=which, given=points)
    def granted(self, who: int, given: int) -> None:
        assert grant(self.people[who], given, key=self.key(), kind=EntryKind.ADJUST, now=self.now)

    @rule(who=which, wanted=points)
    def spent(self, who: int, wanted: int) -> None:
        key, before = self.key(), balance_of(self.people[who])
        try:
            assert spend(self.people[who], wanted, key=key, now=self.now)
        except Conflict:
            assert balance_of(self.people[who]) == before
        else:
            assert not spend(self.people[who], wanted, key=key, now=self.now)
            assert balance_of(self.people[who])[1] == before[1] - wanted

    @rule(who=which, wanted=points)
    def cut_in_the_middle(self, who: int, wanted: int) -> None:
        before = balance_of(self.people[who])
        try:
            with transaction.atomic():
                spend(self.people[who], wanted, key=self.key(), now=self.now)
                raise ConnectionError
        except (ConnectionError, Conflict):
            assert balance_of(self.people[who]) == before

    @rule()
    def matured(self) -> None:
        ripen.mature(self.now)

    @rule()
    def expired(self) -> None:
        ripen.expire(self.now)

    @rule()
    def judged(self) -> None:
        levels.judge(self.now)

    @precondition(lambda self: len(set(self.people)) > 1)
    @rule(data=st.data())
    def joined(self, data: st.DataObject) -> None:
        survivor, absorbed = data.draw(st.permutations(sorted(set(self.people))))[:2]
        CustomerAlias.objects.filter(customer_id=absorbed).update(customer_id=survivor)
        CustomerAlias.objects.create(old_id=absorbed, customer_id=survivor, joined_at=self.now, cause="test")
        total = sum(balance_of(survivor)) + sum(balance_of(absorbed))
        joining.join(survivor, absorbed, now=self.now)
        assert sum(balance_of(survivor)) <= total
        assert balance_of(absorbed) == (0, 0, 0)
        self.people = [survivor if person == absorbed else person for person in self.people]
        self.orders = [self.moved(order, survivor, absorbed) for order in self.orders]

    def moved(self, order: Earning, survivor: int, absorbed: int) -> Earning:
        """An order goes with its customer."""
        if order.customer_id != absorbed:
            return order
        return Earning(
            survivor, order.source, order.number, order.points, order.net, order.at, order.matures_at
        )

    def owner(self, customer_id: int) -> int:
        alias = CustomerAlias.objects.filter(old_id=customer_id).first()
        return alias.customer_id if alias else customer_id

    @invariant()
    def the_books_are_in_order(self) -> None:
        assert_in_order()


@pytest.mark.slow
def test_the_books_are_in_order_after_any_acts():
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
