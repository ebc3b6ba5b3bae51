"""Two customers become one: nothing is lost, ledgers are not rewritten."""

import pytest

from growth.models import CheckIn, CustomerLevel, Entry, EntryKind, GrowthEntry, LevelMove, Lot
from growth.services import joining, ripen
from growth.services.check_in import check_in
from growth.services.earn import Earning, earn, grant, take_back
from growth.services.spend import spend
from tests.growth.books import assert_in_order, balance_of
from tests.growth.conftest import DAY, T0
from users.models import CustomerAlias

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books_in_order():
    yield
    assert_in_order()


def earned(customer, number, points, *, at=T0):
    earn([Earning(customer.pk, "shop", number, points, points * 100, at, at + 7 * DAY)])


def test_everything_moves_by_one_transfer(alice, bob):
    earned(bob, "1", 600)
    ripen.mature(T0 + 7 * DAY)
    earned(bob, "2", 30, at=T0 + 7 * DAY)
    check_in(bob, now=T0 + 8 * DAY)
    check_in(alice, now=T0 + 8 * DAY)
    before = Entry.objects.filter(customer=bob).count()
    for _ in range(2):
        joining.join(alice.pk, bob.pk, now=T0 + 9 * DAY)
    assert (balance_of(alice.pk), balance_of(bob.pk)) == ((30, 602, 0), (0, 0, 0))
    assert Entry.objects.filter(customer=bob).exclude(kind="join").count() == before
    assert set(Entry.objects.filter(kind="join").values_list("key", flat=True)) == {
        f"join:{bob.pk}:{alice.pk}"
    }
    level = CustomerLevel.objects.select_related("level").get()
    assert (level.pk, level.level.name, level.growth_value) == (alice.pk, "Gold", 600)
    for model in (Lot, CheckIn, GrowthEntry, LevelMove):
        assert set(model.objects.values_list("customer_id", flat=True)) == {alice.pk}
    assert CheckIn.objects.count() == 1


def test_what_the_absorbed_customer_owed_is_settled_from_what_the_survivor_has(alice, bob):
    earned(bob, "1", 50)
    ripen.mature(T0 + 7 * DAY)
    spend(bob.pk, 50, key="s", now=T0 + 7 * DAY)
    take_back(bob.pk, source="shop", number="1", net_after=0, key="r", now=T0 + 8 * DAY)
    grant(alice.pk, 80, key="g", kind=EntryKind.ADJUST, now=T0)
    joining.join(alice.pk, bob.pk, now=T0 + 9 * DAY)
    assert (balance_of(alice.pk), balance_of(bob.pk)) == ((0, 30, 0), (0, 0, 0))


def test_what_the_survivor_owed_is_settled_from_what_arrives(alice, bob):
    earned(alice, "1", 50)
    ripen.mature(T0 + 7 * DAY)
    spend(alice.pk, 50, key="s", now=T0 + 7 * DAY)
    take_back(alice.pk, source="shop", number="1", net_after=0, key="r", now=T0 + 8 * DAY)
    grant(bob.pk, 20, key="g", kind=EntryKind.ADJUST, now=T0)
    earned(bob, "2", 10)
    joining.join(alice.pk, bob.pk, now=T0 + 9 * DAY)
    assert balance_of(alice.pk) == (10, 0, 30)


def test_what_was_booked_before_the_join_is_not_booked_again_after_it(alice, bob):
    earned(bob, "1", 50)
    grant(bob.pk, 5, key="g", kind=EntryKind.ADJUST, now=T0)
    spend(bob.pk, 3, key="s", now=T0)
    CustomerAlias.objects.create(old_id=bob.pk, customer=alice, joined_at=T0, cause="alias")
    joining.join(alice.pk, bob.pk, now=T0)
    earned(alice, "1", 50)
    assert not grant(alice.pk, 5, key="g", kind=EntryKind.ADJUST, now=T0)
    grant(alice.pk, 10, key="h", kind=EntryKind.ADJUST, now=T0)
    assert not spend(alice.pk, 3, key="s", now=T0)
    assert balance_of(alice.pk) == (50, 12, 0)
