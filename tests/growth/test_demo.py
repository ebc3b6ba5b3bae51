"""The demo shop's points: past orders awarded, books in order, loading again adds nothing."""

from datetime import timedelta

import pytest

from config.kit import clock
from growth import demo_parts
from growth.models import CheckIn, Entry
from tests.growth.books import assert_in_order, balance_of
from tests.growth.conftest import DAY, make_customer, make_order
from users.models import JobRun, Standing

pytestmark = pytest.mark.django_db


def test_loading_twice_is_loading_once():
    now = clock.now()
    for n in range(50):
        customer = make_customer(f"c{n}", is_invented=True)
        Standing.objects.create(customer=customer, last_activity_at=now - timedelta(hours=n + 1))
        make_order(customer, f"o{n}", 5000, paid_at=now - (10 + 7 * n) * DAY, is_history=True)
    seen: list[int] = []
    counts = []
    for _ in range(2):
        demo_parts.load(now, lambda done, total: seen.append(done))
        counts.append((Entry.objects.count(), CheckIn.objects.count()))
    assert counts[0] == counts[1]
    assert Entry.objects.filter(kind="earn", account="pending").count() == 50
    assert CheckIn.objects.count() > 40
    assert Entry.objects.filter(kind="spend").exists()
    assert seen[-1] == 10
    found = JobRun.objects.get(job="growth.check_books").result
    assert found is not None
    assert found["sum"] == 0
    assert_in_order()


def test_a_day_in_the_demo_brings_check_ins():
    now = clock.now()
    customer = make_customer("c", is_invented=True)
    Standing.objects.create(customer=customer, last_activity_at=now - DAY)
    for n in range(40):
        demo_parts.live(now + n * timedelta(seconds=30))
    assert CheckIn.objects.filter(customer=customer).count() >= 1
    assert balance_of(customer.pk)[1] >= 1
