"""The pure arithmetic of earning."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from growth.earning import check_in_points_for, kept_after_refund, points_for


@pytest.mark.parametrize(
    ("net", "rate", "currency", "points"),
    [
        (4999, "1", "USD", 49),
        (99, "1", "USD", 0),
        (-500, "1", "USD", 0),
        (300, "2.5", "USD", 7),
        (4999, "0.10", "JPY", 499),
        (4999, "1", "KWD", 4),
    ],
)
def test_points_are_per_whole_unit_rounded_down(net, rate, currency, points):
    assert points_for(net, points_per_unit=Decimal(rate), currency=currency) == points


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(-10, 10**9), st.integers(-10, 10**9))
def test_a_smaller_net_never_keeps_more(points, net, one, other):
    low, high = sorted((one, other))
    kept = [kept_after_refund(points, net=net, net_after=after) for after in (low, high)]
    assert 0 <= kept[0] <= kept[1] <= points
    assert kept_after_refund(points, net=net, net_after=net) == points


def test_the_bonus_comes_with_every_seventh_day():
    points = [check_in_points_for(streak, daily=1, bonus=5, bonus_every=7) for streak in range(1, 15)]
    assert points == [1, 1, 1, 1, 1, 1, 6, 1, 1, 1, 1, 1, 1, 6]
    assert check_in_points_for(7, daily=2, bonus=5, bonus_every=0) == 2
