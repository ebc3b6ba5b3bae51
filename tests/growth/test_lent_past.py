"""What growth lends, asked as of a past instant: by the entries and moves that are kept."""

import pytest

from config.kit import clock
from growth.services import ripen
from growth.services.check_in import check_in
from growth.services.earn import Earning, earn
from growth.services.spend import spend
from segments.registry import fields
from segments.rules.as_of import AsOf
from tests.clock import move_to
from tests.growth.conftest import DAY, T0
from users.models import Customer, Standing

pytestmark = pytest.mark.django_db


def value_then(name, customer, at):
    """The field's value as a rule would read it about that instant."""
    of_then = fields[name].then(AsOf(at, past=True))
    assert of_then.rows is None
    return Customer.objects.filter(pk=customer.pk).values_list(of_then.x, flat=True).get()


def test_balances_and_levels_are_those_that_the_books_say_of_then(alice):
    earn([Earning(alice.pk, "shop", "1", 150, 15000, T0, T0 + 7 * DAY)])
    ripen.mature(T0 + 7 * DAY)
    spend(alice.pk, 50, key="s", now=T0 + 8 * DAY)
    ripen.expire(T0 + 400 * DAY)
    names = ("points_pending", "points_balance", "points_owed")
    told = {
        days: [value_then(name, alice, T0 + days * DAY) for name in names] for days in (-1, 1, 7.5, 9, 401)
    }
    assert told == {-1: [0, 0, 0], 1: [150, 0, 0], 7.5: [0, 150, 0], 9: [0, 100, 0], 401: [0, 0, 0]}
    choices = fields["level"].choices
    assert choices is not None
    levels = [choices()[value_then("level", alice, T0 + days * DAY)] for days in (6, 7.5, 401)]
    assert levels == ["Member", "Silver", "Silver"]
    assert [value_then("level_since", alice, T0 + days * DAY) for days in (6, 9)] == [None, T0 + 7 * DAY]


def test_check_ins_are_those_before(alice):
    Standing.objects.create(customer=alice)
    for day in (0, 1, 5):
        move_to(T0 + day * DAY)
        check_in(alice, now=clock.now())
    names = ("check_in_streak", "current_streak", "longest_streak", "check_in_days", "last_check_in")
    told = {days: [value_then(name, alice, T0 + days * DAY) for name in names] for days in (-1, 1.1, 4, 5.1)}
    assert told == {
        -1: [0, 0, 0, 0, None],
        1.1: [2, 2, 2, 2, T0 + DAY],
        4: [2, 0, 2, 2, T0 + DAY],
        5.1: [1, 1, 2, 3, T0 + 5 * DAY],
    }
