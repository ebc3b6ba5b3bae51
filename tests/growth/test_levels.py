"""The ladder: up at once by what orders earned, kept or lowered when a period ends."""

from datetime import timedelta

import pytest

from growth.models import CustomerLevel, EntryKind, Level, LevelMove
from growth.services import levels, ripen
from growth.services.earn import Earning, earn, grant, take_back
from tests.growth.books import assert_in_order
from tests.growth.conftest import DAY, T0
from users.models import Touched

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books_in_order():
    yield
    assert_in_order()


def bought(customer, number, points, *, at=T0):
    """An order whose points have just become active."""
    earn([Earning(customer.pk, "shop", number, points, points * 100, at, at + 7 * DAY)])
    ripen.mature(at + 7 * DAY)


def level_of(customer):
    return CustomerLevel.objects.select_related("level").get(pk=customer.pk)


def moves_of(customer):
    moves = LevelMove.objects.filter(customer=customer).order_by("at")
    return list(moves.values_list("from_level__name", "to_level__name", "at"))


def test_the_default_ladder_begins_at_zero():
    assert list(Level.objects.values_list("name", "threshold")) == [
        ("Member", 0), ("Silver", 100), ("Gold", 500), ("Platinum", 2000),
    ]  # fmt: skip


def test_pending_points_and_gifts_do_not_count(alice):
    earn([Earning(alice.pk, "shop", "1", 600, 60000, T0, T0 + 7 * DAY)])
    grant(alice.pk, 5000, key="g", kind=EntryKind.ADJUST, now=T0)
    assert not CustomerLevel.objects.exists()


def test_a_level_is_reached_at_once_skipping_steps(alice, bob):
    bought(alice, "1", 99)
    bought(bob, "2", 600)
    assert (level_of(alice).level.name, level_of(bob).level.name) == ("Member", "Gold")
    bought(alice, "3", 1, at=T0 + DAY)
    row = level_of(alice)
    assert (row.level.name, row.growth_value, row.judged_at) == ("Silver", 100, T0 + 8 * DAY + 365 * DAY)
    assert moves_of(alice) == [("Member", "Silver", T0 + 8 * DAY)]
    assert Touched.objects.filter(customer=alice, topic="level").exists()


def test_a_refund_lowers_the_growth_value_but_the_level_only_when_judged(alice):
    bought(alice, "1", 600)
    take_back(alice.pk, source="shop", number="1", net_after=0, key="r", now=T0 + 10 * DAY)
    assert (level_of(alice).level.name, level_of(alice).growth_value) == ("Gold", 0)
    assert levels.judge(T0 + 372 * DAY - timedelta(seconds=1)) == 0
    assert levels.judge(T0 + 372 * DAY) == 1
    assert level_of(alice).level.name == "Member"
    assert moves_of(alice)[-1] == ("Gold", "Member", T0 + 372 * DAY)


def test_the_growth_of_the_period_keeps_or_lowers_the_level(alice, bob):
    for customer, number in ((alice, "a"), (bob, "b")):
        bought(customer, f"{number}1", 600)
    levels.judge(T0 + 372 * DAY)
    assert level_of(alice).level.name == level_of(bob).level.name == "Gold"
    bought(alice, "a2", 500, at=T0 + 400 * DAY)
    bought(bob, "b2", 150, at=T0 + 400 * DAY)
    levels.judge(T0 + 737 * DAY)
    assert (level_of(alice).level.name, level_of(bob).level.name) == ("Gold", "Silver")
    assert moves_of(alice) == [("Member", "Gold", T0 + 7 * DAY)]
    assert moves_of(bob)[-1] == ("Gold", "Silver", T0 + 737 * DAY)
    assert (level_of(bob).growth_value, level_of(bob).judged_at) == (150, T0 + 1102 * DAY)


def test_a_late_judgement_gives_what_a_punctual_one_gives(alice, bob):
    for customer, number in ((alice, "a"), (bob, "b")):
        bought(customer, f"{number}1", 600)
        bought(customer, f"{number}2", 150, at=T0 + 370 * DAY)
    CustomerLevel.objects.filter(pk=bob.pk).update(judged_at=T0 + 9999 * DAY)
    for year in (1, 2, 3):
        levels.judge(T0 + (7 + year * 365) * DAY)
    CustomerLevel.objects.filter(pk=bob.pk).update(judged_at=T0 + 372 * DAY)
    assert [levels.judge(T0 + 1200 * DAY) for _ in range(4)] == [1, 1, 1, 0]
    expected = [("Member", "Gold", 7), ("Gold", "Silver", 737), ("Silver", "Member", 1102)]
    for customer in (alice, bob):
        assert moves_of(customer) == [(old, new, T0 + day * DAY) for old, new, day in expected]
        assert level_of(customer).growth_value == 0
