"""Daily check-ins: once per date where the customer lives, streaks, and the reward."""

from datetime import UTC, date, datetime

import pytest

from growth.models import CheckIn, CustomerLevel, Entry
from growth.services.check_in import check_in
from tests.growth.books import assert_in_order, balance_of
from tests.growth.conftest import DAY, T0, make_customer

pytestmark = pytest.mark.django_db


def test_a_day_counts_once_and_answers_the_same_again(alice):
    first = check_in(alice, now=T0)
    again = check_in(alice, now=T0)
    assert (first.local_date, first.streak, first.points, first.is_new) == (date(2026, 3, 1), 1, 1, True)
    assert (again.local_date, again.streak, again.points, again.is_new) == (date(2026, 3, 1), 1, 1, False)
    assert balance_of(alice.pk) == (0, 1, 0)
    assert_in_order()


def test_a_streak_grows_brings_the_bonus_and_breaks(alice):
    days = [check_in(alice, now=T0 + n * DAY) for n in range(8)]
    assert [day.streak for day in days] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [day.points for day in days] == [1, 1, 1, 1, 1, 1, 6, 1]
    assert check_in(alice, now=T0 + 9 * DAY).streak == 1
    assert balance_of(alice.pk) == (0, 14, 0)
    assert Entry.objects.filter(key=f"checkin:{alice.pk}:2026-03-07", account="active").get().amount == 6
    assert not CustomerLevel.objects.exists()


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("", date(2026, 3, 8)),  # the shop's zone, Asia/Shanghai
        ("America/New_York", date(2026, 3, 7)),
        ("Pacific/Apia", date(2026, 3, 8)),
        ("No/Such_Zone", date(2026, 3, 8)),
    ],
)
def test_the_date_is_the_customers_own(db, zone, local):
    customer = make_customer("carol", time_zone=zone)
    assert check_in(customer, now=datetime(2026, 3, 7, 17, 0, tzinfo=UTC)).local_date == local


def test_travelling_west_does_not_give_a_second_check_in(alice):
    check_in(alice, now=T0)
    alice.time_zone = "America/New_York"
    assert not check_in(alice, now=T0).is_new
    assert CheckIn.objects.count() == 1
