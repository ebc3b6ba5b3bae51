"""The jobs of growth find what is due, once per slot, in as many slices as it takes."""

import pytest

from config.kit import clock
from growth import tasks
from growth.models import Balance, CustomerLevel, Entry, EntryKind, Level
from growth.services import books, levels, ripen
from growth.services.earn import Earning, earn, grant
from tests.growth.books import assert_in_order, balance_of
from tests.growth.conftest import DAY, make_customer
from users.models import JobRun

pytestmark = pytest.mark.django_db


def test_maturing_goes_on_slice_by_slice_and_leaves_its_count(monkeypatch):
    monkeypatch.setattr(ripen, "SLICE", 2)
    customers = [make_customer(f"c{n}") for n in range(5)]
    paid_at = clock.now() - 8 * DAY
    earn([Earning(c.pk, "shop", str(c.pk), 10, 1000, paid_at, paid_at + 7 * DAY) for c in customers])
    for _ in range(2):
        tasks.mature_points()
        tasks.expire_points()
        tasks.judge_levels()
    results = dict(JobRun.objects.values_list("job", "result"))
    assert results["growth.mature_points"] == {"lots": 5}
    assert results["growth.expire_points"] == {"lots": 0}
    assert results["growth.judge_levels"] == {"customers": 0, "lifted": 0}
    assert {balance_of(customer.pk) for customer in customers} == {(0, 10, 0)}
    assert_in_order()


def test_the_check_of_the_books_finds_what_is_off(alice):
    grant(alice.pk, 10, key="g", kind=EntryKind.ADJUST, now=clock.now())
    tasks.check_books()
    found = JobRun.objects.get(job="growth.check_books").result
    assert found == {"sum": 0, "entries": 2, "keys_off": 0, "balances_off": 0, "lots_off": 0}
    Balance.objects.update(active=11)
    Entry.objects.filter(account="issue").update(amount=-9)
    assert books.check() == {"sum": 1, "entries": 2, "keys_off": 1, "balances_off": 1, "lots_off": 1}


def test_a_lowered_threshold_lifts_those_who_reach_it_now(alice):
    paid_at = clock.now() - 8 * DAY
    earn([Earning(alice.pk, "shop", "1", 60, 6000, paid_at, paid_at + 7 * DAY)])
    ripen.mature(clock.now())
    assert CustomerLevel.objects.get().level.name == "Member"
    Level.objects.filter(name="Silver").update(threshold=50)
    assert [levels.lift(clock.now()) for _ in range(2)] == [1, 0]
    assert CustomerLevel.objects.get().level.name == "Silver"
