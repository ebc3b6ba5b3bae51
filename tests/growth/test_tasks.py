"""The jobs of growth find what is due, once per slot, in as many slices as it takes."""

import pytest

from config.kit import clock
from growth import tasks
from growth.services import ripen
from growth.services.earn import Earning, earn
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
    assert results["growth.judge_levels"] == {"customers": 0}
    assert {balance_of(customer.pk) for customer in customers} == {(0, 10, 0)}
    assert_in_order()
