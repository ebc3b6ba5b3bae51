"""The figures of the day against a second computation in plain Python, equal to the digit; and when they change."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models import F

from tests.clock import move_to
from tests.users.value import oracle
from tests.users.value.shop import Bought, Somebody, invent, open_shop
from users.models import (
    Customer,
    CustomerValue,
    CutPoint,
    LongJob,
    ModelFit,
    Order,
    Standing,
    Touched,
    ValueDay,
)
from users.services import long_jobs, value
from users.services.value.day import instant_of_day

pytestmark = pytest.mark.django_db

AS_OF = datetime(2026, 5, 19, 19, 30, tzinfo=UTC)  # 03:30 of the 20th in the shop
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOW)


def stored(*names: str) -> dict[int, dict[str, Any]]:
    return {row.pop("customer_id"): row for row in CustomerValue.objects.values("customer_id", *names)}


def shop(count: int) -> list[Somebody]:
    people = invent(count, AS_OF)
    open_shop(people)
    return people


def touched() -> set[int]:
    return set(Touched.objects.filter(topic="value").values_list("customer_id", flat=True))


def compare(expected: dict[int, dict[str, Any]]) -> None:
    names = sorted(next(iter(expected.values())).keys() - {"last_at"})
    found = stored(*names)
    assert found.keys() == expected.keys()
    for name in names:
        wrong = {
            pk: (found[pk][name], row[name]) for pk, row in expected.items() if found[pk][name] != row[name]
        }
        assert wrong == {}, name


def test_every_figure_of_a_shop_equals_a_second_computation() -> None:
    people = shop(760)
    value.compute(NOW)
    expected = oracle.figures(people, AS_OF)
    fit = ModelFit.objects.get()
    assert fit.reason == ""
    oracle.predict(people, expected, AS_OF, fit)
    compare(expected)
    day = ValueDay.objects.get()
    buyers = [row for row in expected.values() if row["orders_window"]]
    assert (day.as_of, day.customers, day.buyers, day.fixed_bands) == (
        AS_OF,
        len(expected),
        len(buyers),
        False,
    )
    cuts = {(cut.figure, cut.level): int(cut.value) for cut in CutPoint.objects.all()}
    assert cuts["f", 5] == min(row["orders_window"] for row in buyers if row["f"] == 5)
    assert cuts["core", 80] == min(row["revenue_year"] for row in expected.values() if row["is_core"])
    assert cuts["top_revenue", 10] == min(
        row["revenue_year"] for row in expected.values() if row["top_revenue"] and row["top_revenue"] <= 10
    )
    shown = {
        name: sum(one[name] is not None for one in stored(name).values()) for name in ("p_alive", "best_hour")
    }
    assert min(shown.values()) > 20


def test_a_second_run_changes_nothing_and_touches_nobody() -> None:
    shop(560)
    value.compute(NOW)
    before = stored(*(f.name for f in CustomerValue._meta.fields if f.name != "customer"))
    assert touched() >= {pk for pk, row in before.items() if row["r"]}
    Touched.objects.all().delete()
    value.compute(NOW)
    assert touched() == set()
    assert stored(*(f.name for f in CustomerValue._meta.fields if f.name != "customer")) == before


def test_a_new_order_changes_the_next_day_and_touches_exactly_those_who_changed() -> None:
    people = shop(120)
    value.compute(NOW)
    names = [f.name for f in CustomerValue._meta.fields if f.name != "customer"]
    before = stored(*names)
    buyer = next(one for one in people if one.pk in before and before[one.pk]["order_band"] == "0")
    told = Bought(NOW + timedelta(hours=1), 50_000, ["Jazz"])
    buyer.orders.append(told)
    Order.objects.create(
        customer_id=buyer.pk, source="shop", number="new", ordered_at=told.at, paid_at=told.at, confirmed=True,
        currency="USD", total=told.net, net=told.net, counts=True,
    )  # fmt: skip
    Standing.objects.filter(pk=buyer.pk).update(orders=F("orders") + 1, last_order_at=told.at)
    Touched.objects.all().delete()
    value.compute(NOW + timedelta(hours=2))
    assert touched() == set()
    value.compute(NOW + DAY)
    after = stored(*names)
    assert (after[buyer.pk]["order_band"], after[buyer.pk]["r"]) == ("1", 5)
    changed = {pk for pk in after if after[pk] != before.get(pk)}
    assert touched() == changed
    assert buyer.pk in changed


def test_under_500_buyers_fixed_bands_hold_and_the_model_is_not_known() -> None:
    people = shop(90)
    day = value.compute(NOW)
    assert day.fixed_bands
    compare(oracle.figures(people, AS_OF))
    assert ModelFit.objects.get().reason == ModelFit.Reason.FEW
    assert not CustomerValue.objects.filter(p_alive__isnull=False).exists()
    assert not CustomerValue.objects.filter(predicted_ltv__isnull=False).exists()


def test_a_shop_without_anybody_has_a_day_without_figures() -> None:
    day = value.compute(NOW)
    assert (day.customers, day.buyers, day.finished_at is not None) == (0, 0, True)


def test_who_is_erased_or_no_longer_known_loses_the_row() -> None:
    people = shop(60)
    value.compute(NOW)
    gone = next(one for one in people if CustomerValue.objects.filter(pk=one.pk).exists())
    Customer.objects.filter(pk=gone.pk).update(erased_at=NOW)
    Touched.objects.all().delete()
    value.compute(NOW)
    assert not CustomerValue.objects.filter(pk=gone.pk).exists()
    assert gone.pk in touched()


def test_the_stated_time_decides_the_instant() -> None:
    assert instant_of_day(NOW) == AS_OF
    assert instant_of_day(AS_OF) == AS_OF
    assert instant_of_day(AS_OF - timedelta(seconds=1)) == AS_OF - DAY


def test_first_at_once_then_once_a_day() -> None:
    assert value.start_if_due(NOW) is False  # nobody has bought yet
    shop(60)
    assert value.start_if_due(NOW) is True
    assert value.start_if_due(NOW) is False  # under way
    long_jobs.run_due()
    job = LongJob.objects.get()
    assert (job.state, job.done, job.total) == ("done", 13, 13)
    assert value.start_if_due(NOW) is False
    assert value.start_if_due(AS_OF + DAY) is True


def test_again_at_once_when_the_first_orders_are_there() -> None:
    people = invent(40, AS_OF)
    for one in people:
        one.acts.append(("Product Viewed", AS_OF - DAY, "Jazz"))
        one.orders = []
    open_shop(people)
    assert value.start_if_due(NOW) is True
    long_jobs.run_due()
    assert value.start_if_due(NOW) is False
    Order.objects.create(
        customer_id=people[5].pk, source="shop", number="first", ordered_at=AS_OF - DAY, confirmed=True,
        currency="USD", total=100, net=100, counts=True,
    )  # fmt: skip
    assert value.start_if_due(NOW) is True


def test_not_while_something_is_being_loaded() -> None:
    shop(60)
    LongJob.objects.create(kind="import", title="Orders", created_at=NOW)
    assert value.start_if_due(NOW) is False
