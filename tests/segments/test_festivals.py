"""Festivals: the compact table against sun and moon, days that everybody knows, rules about them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from segments.rules.as_of import AsOf
from segments.rules.conditions import NearFestival
from segments.rules.festivals import FESTIVALS, FIRST_YEAR, LAST_YEAR, is_kept_on, lunar, next_on
from segments.rules.outcome import Outcome, outcome
from segments.rules.parse import parse
from segments.services.explain import explain
from segments.services.rebuild import rebuild
from segments.services.refresh import refresh
from segments.services.segments import create_segment
from tests.segments import moon
from tests.segments.shop import customer, members, rule
from tests.segments.test_rules import KNOWN

SOON = {"festival": "mid_autumn", "op": "within_days", "days": 3}


def test_every_year_of_the_table_is_what_sun_and_moon_say() -> None:
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        for month, day in ((1, 1), (5, 5), (7, 7), (8, 15), (9, 9), (12, 8)):
            assert lunar(year, month, day) == moon.lunar(year, month, day)
        assert FESTIVALS["qingming"].on(year) == moon.term(year, 15)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("spring_festival", "2024-02-10"), ("spring_festival", "2025-01-29"), ("spring_festival", "2026-02-17"),
        ("spring_festival", "2027-02-06"), ("spring_festival", "2030-02-03"), ("spring_festival", "2033-01-31"),
        ("spring_festival", "2034-02-19"), ("new_years_eve", "2026-02-16"), ("lantern", "2026-03-03"),
        ("dragon_boat", "2023-06-22"), ("dragon_boat", "2025-05-31"), ("qixi", "2012-08-23"),
        ("qixi", "2025-08-29"), ("mid_autumn", "2020-10-01"), ("mid_autumn", "2025-10-06"),
        ("double_ninth", "2023-10-23"), ("laba", "2025-01-07"), ("laba", "2026-01-26"),
        ("qingming", "2024-04-04"), ("qingming", "2026-04-05"), ("mothers", "2026-05-10"),
        ("fathers", "2026-06-21"), ("thanksgiving", "2026-11-26"), ("singles", "2026-11-11"),
        ("teachers", "2026-09-10"), ("christmas", "2026-12-25"),
    ],
)  # fmt: skip
def test_days_that_everybody_knows(name: str, day: str) -> None:
    kept = date.fromisoformat(day)
    assert is_kept_on(name, kept)
    assert not is_kept_on(name, kept + timedelta(days=1))
    assert next_on(name, kept - timedelta(days=40)) == kept


def test_beyond_the_table_nothing_is_kept() -> None:
    assert next_on("mid_autumn", date(2150, 1, 1)) is None
    assert not is_kept_on("qingming", date(2150, 4, 5))


@pytest.mark.django_db
def test_a_rule_that_is_everyone_on_some_days_has_to_be_meant() -> None:
    never = {"none": [SOON]}
    for parts, means in (
        ([SOON], Outcome.EVERYONE),
        ([{"any": [SOON, KNOWN]}], Outcome.EVERYONE),
        ([{"none": [{"all": [SOON, KNOWN]}]}], Outcome.EVERYONE),
        ([SOON, KNOWN], Outcome.SOME),
        ([never, KNOWN], Outcome.SOME),
        ([never], Outcome.EVERYONE),
        ([SOON, never], Outcome.NO_ONE),
        ([{"bucket": "x", "from": 1, "to": 100}], Outcome.EVERYONE),
        ([{"bucket": "x", "from": 1, "to": 99}], Outcome.SOME),
    ):
        assert outcome(parse(rule(*parts)).root) is means, parts


@pytest.mark.django_db(transaction=True)
def test_at_midnight_of_the_shop_it_holds_for_everyone_and_nobody_is_looked_at_in_between() -> None:
    who = customer(city="Suzhou")
    asleep = datetime(2026, 9, 21, 15, 59, tzinfo=UTC)  # Mid-Autumn 2026 is on 25 September
    made = create_segment(name="Moon", rule=rule(SOON, {"field": "city", "op": "is_known"}), by=None)
    rebuild(made, asleep)
    assert members(made) == set()
    reasons = explain(made, who.pk, asleep)
    assert reasons.turns_at == datetime(2026, 9, 21, 16, 0, tzinfo=UTC)
    assert "2026" in reasons.root.parts[0].actual
    refresh(asleep + timedelta(minutes=2))
    assert members(made) == {who.pk}
    condition = parse(rule(SOON)).root.parts[0]
    assert isinstance(condition, NearFestival)
    now = AsOf(asleep + timedelta(minutes=2))
    assert condition.crossing(now, now.at(now.now + timedelta(hours=20))) == []
    refresh(asleep + timedelta(days=4, minutes=2))
    assert members(made) == set()
