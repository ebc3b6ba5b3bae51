"""Value by cohort and retained users against pandas, to the cent; the checks that the pages print; who is behind."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from tests.clock import move_to
from tests.operators import logged_in
from tests.users.door import send, track
from tests.users.reports.shop import Shop, behind, invent
from users.models import Order
from users.reports import cohorts, ltv, retained
from users.reports.cohorts import Start
from users.reports.ltv import Value
from users.reports.periods import Period, period_filters, read_period

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
ZONE = "Asia/Shanghai"
VALUE = "/admin/reports/value/"
RETAINED = "/admin/reports/retained/"


def expected(
    shop: Shop, value: Value, zone: str, only: str | None = None
) -> dict[tuple[int, int], tuple[int, int, int]]:
    """(cohort, age) → (customers, cents so far, who ordered at that age)."""
    orders = shop.counting(zone)
    if only:
        orders = orders[orders["who"].map(shop.channel) == only]
    first = orders.groupby("who")["day"].transform("min")
    grain = {"month": "M", "week": "W-SUN"}[value.asked.grain]
    orders = orders.assign(
        cohort=first.dt.to_period(grain),
        age=[
            (a - b).n for a, b in zip(orders["day"].dt.to_period("M"), first.dt.to_period("M"), strict=True)
        ],
    )
    cells = {}
    for cohort in value.asked.cohorts:
        own = orders[orders["cohort"] == pd.Timestamp(value.asked.grain.begin(cohort)).to_period(grain)]
        for age in range(value.asked.months + 1):
            net = int(own[own["age"] <= age]["net"].sum())
            cells[cohort, age] = (own["who"].nunique(), net, own[own["age"] == age]["who"].nunique())
    return cells


def matches(shop: Shop, asked: Mapping[str, str], zone: str, now: datetime) -> Value:
    value = ltv.compute(ltv.read(asked, now), now)
    wanted = expected(shop, value, zone, asked.get("value"))
    today = pd.Timestamp(now).tz_convert(zone).tz_localize(None)
    for row in value.rows:
        first, last = value.asked.grain.begin(row.cohort), value.asked.grain.end(row.cohort)
        for age, cell in enumerate(row.cells):
            begun = (pd.Timestamp(first).to_period("M") + age).start_time <= today
            assert cell.is_over == ((pd.Timestamp(last).to_period("M") + age).end_time < today.normalize())
            size, net, buyers = wanted[row.cohort, age]
            assert (cell.size, cell.net, cell.buyers) == (size, net if begun else None, buyers)
    assert value.total == value.standing
    return value


@given_settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10_000), grain=st.sampled_from(["week", "month"]))
def test_value_of_small_random_shops(seed: int, grain: str) -> None:
    with transaction.atomic():
        move_to(NOW)
        shop = invent(seed, NOW, people=8)
        matches(shop, {"grain": grain, "period": "180"}, ZONE, NOW)
        transaction.set_rollback(True)


@pytest.fixture
def shop() -> Shop:
    """A larger one."""
    move_to(NOW)
    return invent(3, NOW, people=60)


def test_value_ties_to_the_orders_to_the_cent(shop: Shop) -> None:
    value = matches(shop, {}, ZONE, NOW)
    assert value.total == sum(Order.objects.filter(counts=True).values_list("net", flat=True)) > 0
    assert value.total == int(shop.counting(ZONE)["net"].sum())
    matches(shop, {"by": "channel", "value": "wechat"}, ZONE, NOW)
    split = ltv.compute(ltv.read({"by": "channel"}, NOW), NOW)
    assert sum(row.total for row in split.splits) == value.total
    assert sum(row.size for row in split.splits) == sum(row.size for row in value.rows)


def test_a_refund_restates_the_month_of_its_order(shop: Shop) -> None:
    orders = [(NOW - timedelta(days=70), 100), (NOW - timedelta(days=2), 50)]
    for number, (at, total) in enumerate(orders):
        send(
            track(
                "Order Completed", at=at, user="restated", order_id=f"x{number}", total=total, currency="USD"
            )
        )
    before = ltv.compute(ltv.read({}, NOW), NOW).total
    send(
        track(
            "Order Refunded", at=NOW, user="restated", order_id="x0", refund_id="y", total=40, currency="USD"
        )
    )
    after = ltv.compute(ltv.read({}, NOW), NOW)
    assert after.total == before - 4_000 == after.standing
    cohort = after.asked.grain.ordinal((NOW - timedelta(days=70)).date())
    row = next(row for row in after.rows if row.cohort == cohort)
    own = int(shop.counting(ZONE).pipe(_month_zero, cohort).sum())
    assert row.cells[0].net == own + 6_000


def _month_zero(orders: pd.DataFrame, cohort: int) -> "pd.Series[Any]":
    first = orders.groupby("who")["day"].transform("min")
    begun = first.dt.year * 12 + first.dt.month - 1 == cohort
    same = orders["day"].dt.to_period("M") == first.dt.to_period("M")
    return orders[begun & same]["net"]


def test_value_over_a_change_of_the_clock(settings: Settings) -> None:
    settings.SHOP_TIME_ZONE = "Europe/Berlin"
    now = datetime(2026, 4, 20, 10, 0, tzinfo=UTC)
    move_to(now)
    matches(invent(5, now, people=30), {"grain": "week"}, "Europe/Berlin", now)


def test_every_cell_of_value_opens_who_ordered(shop: Shop) -> None:
    response = logged_in().get(VALUE, {"by": "channel"})
    cells = [cell for row in response.context["heat"].rows for cell in row.cells if cell.url]
    assert len(cells) > 5
    for cell in cells:
        assert len(behind(cell.url, NOW)) == int(cell.hint.split("; ")[1].split(" ")[0])
    assert "They are equal to the cent" in response.content.decode()


def test_retained_users_are_the_sum_over_channels_and_the_direct_count(shop: Shop) -> None:
    for asked, start in (({}, "activity"), ({"visitors": "1"}, "activity"), ({}, "registration")):
        whom = cohorts.read_whom(asked, default="channel")
        period = retained.read_span({"period": "180"}, NOW)
        found = retained.compute(Start(start), period, whom, NOW)
        frame = shop.frame(ZONE, visitors=bool(asked))
        first = frame.groupby("who")["day"].min()
        if start == "registration":
            told = pd.Series(
                {p["who"]: p["registered"] for p in shop.people if p["registered"]}, dtype=object
            )
            first = pd.to_datetime(told, utc=True).dt.tz_convert(ZONE).dt.tz_localize(None).dt.normalize()
        first = first[(first >= pd.Timestamp(period.first)) & (first <= pd.Timestamp(period.last))]
        last = frame.groupby("who")["day"].max().reindex(first.index)
        kept = first.index[(last - first) >= pd.Timedelta(days=30)]
        by_channel = first.index.to_series().map(lambda who: shop.channel(who) or "-")
        kept_channels = kept.to_series().map(lambda who: shop.channel(who) or "-")
        assert {part.value or "-": part.users for part in found.parts} == by_channel.value_counts().to_dict()
        assert {
            p.value or "-": p.retained for p in found.parts if p.retained
        } == kept_channels.value_counts().to_dict()
        assert found.total == found.direct.retained == len(kept) > 0
        assert sum(part.users * (part.share or 0) for part in found.parts) == pytest.approx(found.total)


def test_the_page_of_retained_users_shows_the_formula_and_opens_its_people(shop: Shop) -> None:
    response = logged_in().get(RETAINED)
    assert response.context["ties"]
    assert "The two are equal" in response.content.decode()
    for _title, users, _share, kept, lost, _of in response.context["table"].rows:
        assert len(behind(users.url, NOW)) == users.value
        assert len(behind(kept.url, NOW)) == kept.value
        assert len(behind(lost.url, NOW)) == lost.value


def test_the_days_of_retained_users_have_had_day_30_unless_chosen_by_hand() -> None:
    usual = retained.read_span({}, NOW)
    assert (usual.first.isoformat(), usual.last.isoformat()) == ("2026-01-20", "2026-04-19")
    by_hand = retained.read_span({"from": "2026-05-01", "to": "2026-05-10"}, NOW)
    assert (by_hand.first.isoformat(), by_hand.last.isoformat()) == ("2026-05-01", "2026-05-10")


def test_days_in_the_other_order_are_the_same_period() -> None:
    told = {"from": "2026-05-10", "to": "2026-05-01"}
    assert read_period(told, NOW) == Period(date(2026, 5, 1), date(2026, 5, 10))
    assert [chip.chosen_title for chip in period_filters(told)] == ["May 1, 2026", "May 10, 2026"]


@pytest.mark.parametrize("url", [VALUE, RETAINED])
@pytest.mark.parametrize(
    "asked",
    [
        {"grain": "x", "months": "-1", "start": "\x00", "period": "0"},
        {"from": "9999-01-01", "to": "9999-12-31"},
        {"from": "0001-01-01", "to": "0001-01-02"},
        {"by": "attribute:%(begin)s'\"__", "value": "%"},
        {"by": "nothing", "unknown": "1"},
        {"csv": "1", "by": "attribute:x"},
    ],
)
def test_addresses_made_by_hand_never_fail(url: str, asked: dict[str, str]) -> None:
    move_to(NOW)
    assert logged_in().get(url, asked).status_code == 200


@pytest.mark.parametrize("url", [VALUE, RETAINED])
def test_few_queries(shop: Shop, url: str, django_assert_max_num_queries: Any) -> None:
    client = logged_in()
    client.get(url)
    with django_assert_max_num_queries(10):
        client.get(url, {"by": "channel"})
