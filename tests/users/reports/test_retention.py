"""Retention tables against pandas: modes, starts, zones, unfinished periods, visitors, and who is behind a cell."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings as SettingsWrapper

from config.kit import words
from tests.clock import move_to
from tests.operators import logged_in
from tests.users.door import identify, send, visit
from tests.users.reports.shop import Shop, behind, invent
from users.admin.retention import RetentionPage
from users.models import Customer, Role
from users.reports import retention
from users.reports.retention import Mode, Retention

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
URL = "/admin/reports/retention/"
FREQUENCY = {"day": "D", "week": "W-SUN", "month": "M"}
Cells = dict[tuple[pd.Timestamp, str], tuple[int, int | None, bool]]


def counted(asked: Mapping[str, str], now: datetime) -> tuple[Retention, Cells]:
    table = retention.compute(retention.read(asked, now), now)
    cells: Cells = {}
    for row in table.rows:
        begin = pd.Timestamp(table.asked.grain.begin(row.cohort))
        for slot, stay in zip(table.asked.slots, row.stays, strict=True):
            cells[begin, slot.text] = (stay.size, stay.kept, stay.is_over)
    return table, cells


def starts(shop: Shop, kind: str, zone: str, *, visitors: bool) -> "pd.Series[Any]":
    """Who began on which calendar day."""
    if kind == "activity":
        return shop.frame(zone, visitors=visitors).groupby("who")["day"].min()
    if kind == "order":
        return shop.counting(zone).groupby("who")["day"].min()
    told = {one["who"]: one["registered"] for one in shop.people if one["registered"]}
    at = pd.to_datetime(pd.Series(told, dtype=object), utc=True)
    return at.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()


def expected(shop: Shop, table: Retention, zone: str, now: datetime) -> Cells:
    """The same cells the slow way: every customer, every column."""
    asked = table.asked
    began = starts(shop, asked.start, zone, visitors=asked.whom.visitors)
    days = shop.frame(zone, visitors=True).groupby("who")["day"].agg(set)
    today = pd.Timestamp(now).tz_convert(zone).tz_localize(None).normalize()
    grain, unit = FREQUENCY[asked.grain], FREQUENCY[asked.unit]
    cells: Cells = {}
    for cohort in asked.cohorts:
        period = pd.Timestamp(asked.grain.begin(cohort)).to_period(grain)
        members = [who for who, day in began.items() if day.to_period(grain) == period]
        for slot in asked.slots:
            kept = sum(
                _stayed(days.get(who, set()), began[who], unit, slot.first, slot.last) for who in members
            )
            last = slot.first if slot.last is None else slot.last
            opens = (period.start_time.to_period(unit) + slot.first).start_time
            ends = (period.end_time.to_period(unit) + last).end_time
            cells[period.start_time, slot.text] = (
                len(members),
                kept if opens <= today else None,
                ends < today,
            )
    return cells


def _stayed(days: set[pd.Timestamp], start: pd.Timestamp, unit: str, first: int, last: int | None) -> bool:
    ages = [(day.to_period(unit) - start.to_period(unit)).n for day in days if day >= start]
    return any(age >= first and (last is None or age <= last) for age in ages)


ASKED: tuple[dict[str, str], ...] = (
    {},
    {"mode": "after", "grain": "month", "period": "90"},
    {"mode": "on", "grain": "day", "start": "registration", "ages": "0,1,2,3,10"},
    {"mode": "bracket", "grain": "week", "start": "order", "ages": "0-0,1-7,8-30,31-60"},
    {"mode": "on", "grain": "month", "unit": "day", "visitors": "1", "ages": "0, 1, 7, 30"},
    {"mode": "after", "grain": "week", "visitors": "1", "ages": "0,1,4"},
    {"mode": "after", "grain": "week", "unit": "day", "start": "registration"},
)


@given_settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10_000), asked=st.sampled_from(ASKED))
def test_small_random_shops(seed: int, asked: Mapping[str, str]) -> None:
    with transaction.atomic():
        move_to(NOW)
        shop = invent(seed, NOW, people=8)
        table, cells = counted(asked, NOW)
        assert cells == expected(shop, table, "Asia/Shanghai", NOW)
        transaction.set_rollback(True)


@pytest.fixture
def shop() -> Shop:
    """A larger one."""
    move_to(NOW)
    return invent(7, NOW, people=60)


def test_every_mode_start_and_grain(shop: Shop) -> None:
    for asked in ASKED:
        table, cells = counted(asked, NOW)
        assert cells == expected(shop, table, "Asia/Shanghai", NOW), asked
        assert any(kept for _size, kept, _over in cells.values())
        for slot, mean in zip(table.asked.slots, table.means, strict=True):
            over = [cell for (_begin, text), cell in cells.items() if text == slot.text and cell[2]]
            assert (mean.size, mean.kept) == (sum(c[0] for c in over), sum(c[1] or 0 for c in over))


def test_means_by_channel_add_up_to_the_whole(shop: Shop) -> None:
    whole = retention.compute(retention.read({}, NOW), NOW)
    table = retention.compute(retention.read({"by": "channel"}, NOW), NOW)
    assert {split.value for split in table.splits} == {"search", "wechat", None}
    for column, mean in enumerate(whole.means):
        parts = [split.means[column] for split in table.splits]
        assert (mean.size, mean.kept) == (sum(p.size for p in parts), sum(p.kept for p in parts))
    only = retention.compute(retention.read({"by": "channel", "value": "search"}, NOW), NOW)
    assert [m.kept for m in only.means] == [m.kept for m in table.splits[_at(table, "search")].means]


def _at(table: Retention, value: str) -> int:
    return next(n for n, split in enumerate(table.splits) if split.value == value)


def test_every_cell_opens_its_customers(shop: Shop) -> None:
    began = shop.frame("Asia/Shanghai").groupby("who")["day"].min()
    for asked in ({"mode": "bracket"}, {"show": "lost", "by": "channel"}, {"mode": "after", "visitors": "1"}):
        heat = logged_in().get(URL, asked).context["heat"]
        opened = 0
        for row in heat.rows[:6]:
            for cell in row.cells:
                if cell.url:
                    count = int(cell.hint.split(" of ")[0])
                    assert len(behind(cell.url, NOW)) == count
                    opened += 1
        assert opened > 5
    (first, *_rest) = [row for row in heat.rows if row.url]
    assert behind(first.url, NOW) <= set(began.index) | {p["who"] for p in shop.people if p["visitor"]}


def test_calendar_days_follow_the_shops_zone_over_a_change_of_the_clock(settings: SettingsWrapper) -> None:
    settings.SHOP_TIME_ZONE = "Europe/Berlin"
    now = datetime(2026, 4, 20, 10, 0, tzinfo=UTC)
    move_to(now)
    shop = invent(11, now, people=30, days=60)  # the clocks change on 29 March
    send(
        identify(at=now - timedelta(days=40), user="dst", name="Dst"),
        visit(at=datetime(2026, 3, 28, 23, 30, tzinfo=UTC), user="dst"),  # 29 March, 00:30
        visit(at=datetime(2026, 3, 29, 22, 30, tzinfo=UTC), user="dst"),  # 30 March, 00:30, 22 hours later
        is_history=True,
    )
    shop.people.append({"who": "dst", "channel": None, "registered": None, "visitor": False})
    for at in (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), datetime(2026, 3, 29, 22, 30, tzinfo=UTC)):
        shop.events.append({"who": "dst", "name": "Page Viewed", "at": at, "category": None})
    assert str(words.shop_zone()) == "Europe/Berlin"
    for asked in ({"grain": "day", "period": "30"}, {"mode": "after", "grain": "week"}):
        table, cells = counted(asked, now)
        assert cells == expected(shop, table, "Europe/Berlin", now)


def test_visitors_are_left_out_unless_asked_for(shop: Shop) -> None:
    known = retention.compute(retention.read({"period": "180"}, NOW), NOW)
    everybody = retention.compute(retention.read({"period": "180", "visitors": "1"}, NOW), NOW)
    frame = shop.frame("Asia/Shanghai", visitors=True)
    assert sum(row.size for row in everybody.rows) == frame["who"].nunique()
    assert sum(row.size for row in known.rows) == shop.frame("Asia/Shanghai")["who"].nunique()
    assert sum(row.size for row in known.rows) < sum(row.size for row in everybody.rows)


def test_erased_customers_are_gone(shop: Shop) -> None:
    before = sum(row.size for row in counted({"period": "180"}, NOW)[0].rows)
    person = Customer.objects.filter(standing__active_days__gt=0, identified=True).first()
    assert person is not None
    person.erased_at = NOW
    person.save()
    assert sum(row.size for row in counted({"period": "180"}, NOW)[0].rows) == before - 1


@pytest.mark.parametrize(
    "asked",
    [
        {"ages": "x"},
        {"ages": "7,1"},
        {"ages": "-1"},
        {"ages": "1,,2"},
        {"ages": "99999"},
        {"ages": ",".join(map(str, range(60)))},
        {"mode": "bracket", "ages": "1-7,5-9"},
        {"mode": "bracket", "ages": "9-1"},
        {"mode": "bracket", "ages": "1,7"},
        {"ages": "٣"},
    ],
)
def test_columns_that_make_no_sense_are_said_and_the_usual_ones_shown(asked: dict[str, str]) -> None:
    response = logged_in().get(URL, asked)
    assert response.status_code == 200
    table = response.context["view"].table
    assert table.asked.slots == retention.read_slots(
        retention.USUAL[table.asked.mode, table.asked.unit], table.asked.mode
    )
    assert "cannot be read as columns" in response.content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        {"mode": "no", "grain": "year", "start": "x", "unit": "century", "period": "9999999"},
        {"from": "0001-01-01", "to": "0001-02-01"},
        {"from": "9999-12-01", "to": "9999-12-31", "grain": "month"},
        {"from": "2026-02-31", "to": "x"},
        {"by": "no such dimension", "value": "x"},
        {"by": "attribute:" + "x" * 300},
        {"by": 'attribute:it\'s 100%__"x"', "value": "%s %(begin)s"},
        {"by": "attribute:%s", "unknown": "1"},
        {"by": "attribute:a\x00b"},
        {"by": "stage", "value": "' OR true --"},
    ],
)
def test_addresses_made_by_hand_never_fail(asked: dict[str, str]) -> None:
    move_to(NOW)
    assert logged_in().get(URL, asked).status_code == 200


def test_attributes_with_hostile_names_split_and_filter(shop: Shop) -> None:
    named = Customer.objects.filter(attributes__has_key="plan")
    hostile = 'it\'s 100%__"x"'
    for person in named:
        person.attributes = {hostile: person.attributes["plan"]}
        person.save()
    table = retention.compute(retention.read({"by": f"attribute:{hostile}", "period": "180"}, NOW), NOW)
    assert {split.value for split in table.splits} == {None, "gold", hostile}
    response = logged_in().get(URL, {"by": f"attribute:{hostile}", "value": hostile})
    cells = [cell for row in response.context["heat"].rows for cell in row.cells if cell.url]
    assert cells
    assert all(len(behind(cell.url, NOW)) == int(cell.hint.split(" of ")[0]) for cell in cells)


def test_the_file_and_the_empty_shop() -> None:
    move_to(NOW)
    client = logged_in(Role.ANALYST)
    assert "Nobody began in this time" in client.get(URL).content.decode()
    response = client.get(URL, {"csv": "1"})
    lines = b"".join(response.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0].startswith("\ufeffcohort,customers,week 1")


def test_the_same_number_of_queries_whatever_the_size(shop: Shop, django_assert_max_num_queries: Any) -> None:
    client = logged_in()
    client.get(URL)
    with django_assert_max_num_queries(10):
        client.get(URL, {"by": "channel"})


def test_every_mode_has_its_usual_columns() -> None:
    for mode in Mode:
        for grain in ("day", "week", "month"):
            asked = retention.read({"mode": mode.value, "grain": grain}, NOW)
            assert asked.slots
            assert not asked.problem
    assert RetentionPage.roles_that_see is None
