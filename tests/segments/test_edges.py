"""Edges to the microsecond: what random lives hit only now and then is asked here on purpose."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from segments.models import Membership, Segment
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.rules.windows import Between, Ever, InCurrent, LastDays, MoreThanDaysAgo, Window, crossed
from segments.services.membership import STALE_AFTER, is_fresh
from tests.segments.shop import customer, event, rule

pytestmark = pytest.mark.django_db

SHOP = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 5, 13, 10, 0, tzinfo=SHOP).astimezone(UTC)  # a Wednesday
A_MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)


def midnight(month: int, day: int) -> datetime:
    return datetime(2026, month, day, tzinfo=SHOP).astimezone(UTC)


def selected(condition: dict[str, Any], now: datetime = NOW) -> set[int]:
    """Whom the condition selects, which both physical forms must agree on."""
    grouped, single = (
        set(parse(rule(condition)).customers(AsOf(now, everybody=form)).values_list("pk", flat=True))
        for form in (True, False)
    )
    assert grouped == single
    return grouped


BEGINS = [
    ({"in_last_days": 7}, NOW - 7 * DAY),
    ({"in_last_calendar_days": 2}, midnight(5, 12)),
    ({"in_current": "day"}, midnight(5, 13)),
    ({"in_current": "week"}, midnight(5, 11)),
    ({"in_current": "month"}, midnight(5, 1)),
    ({"in_current": "year"}, midnight(1, 1)),
    ({"between": ["2026-05-01", "2026-05-10"]}, midnight(5, 1)),
    ({"on_or_after": "2026-05-10"}, midnight(5, 10)),
]
ENDS = [
    ({}, NOW),
    ({"in_last_days": 7}, NOW),
    ({"in_last_calendar_days": 2}, NOW),
    ({"in_current": "week"}, NOW),
    ({"more_than_days_ago": 7}, NOW - 7 * DAY),
    ({"between": ["2026-05-01", "2026-05-10"]}, midnight(5, 11)),
    ({"between": ["2026-05-01", "2026-05-13"]}, NOW),
    ({"before": "2026-05-10"}, midnight(5, 10)),
    ({"on_or_after": "2026-05-10"}, NOW),
]


CROSSED: list[tuple[Window, list[tuple[datetime, datetime]]]] = [
    (Ever(), [(NOW - DAY, NOW)]),
    (LastDays(7), [(NOW - DAY, NOW), (NOW - 8 * DAY, NOW - 7 * DAY)]),
    (MoreThanDaysAgo(7), [(NOW - 8 * DAY, NOW - 7 * DAY)]),
    (InCurrent("day"), [(NOW - DAY, NOW), (midnight(5, 12), midnight(5, 13))]),
    (InCurrent("week"), [(NOW - DAY, NOW)]),
    (Between(date(2026, 5, 1), date(2026, 5, 10)), []),
]


@pytest.mark.parametrize(("window", "stretches"), CROSSED, ids=lambda value: getattr(value, "name", ""))
def test_what_time_alone_moves_lies_at_the_two_edges(
    window: Window, stretches: list[tuple[datetime, datetime]]
) -> None:
    found = crossed(window, AsOf(NOW - DAY), AsOf(NOW))
    assert [(one.early, one.late) for one in found] == stretches
    assert [one.entered for one in found] == [True, False][: len(stretches)]


def around(edge: datetime) -> list[int]:
    """Three customers with an event just before, at and just after an instant."""
    people = [customer() for _ in range(3)]
    for who, nudge in zip(people, (-A_MOMENT, timedelta(0), A_MOMENT), strict=True):
        event(who, "Product Viewed", edge + nudge)
    return [who.pk for who in people]


@pytest.mark.parametrize(("window", "edge"), BEGINS, ids=str)
def test_a_window_holds_its_first_instant(window: dict[str, Any], edge: datetime) -> None:
    _before, at, after = around(edge)
    assert selected({"event": "Product Viewed", "op": "did", **window}) == {at, after}


@pytest.mark.parametrize(("window", "edge"), ENDS, ids=str)
def test_a_window_ends_before_its_end(window: dict[str, Any], edge: datetime) -> None:
    before, _at, _after = around(edge)
    assert selected({"event": "Product Viewed", "op": "did", **window}) == {before}


def test_what_follows_follows_strictly_later_and_at_most_so_late() -> None:
    begun, late = NOW - 5 * DAY, NOW - 4 * DAY
    people = [customer() for _ in range(4)]
    for who, then in zip(people, (begun, begun + A_MOMENT, late, late + A_MOMENT), strict=True):
        event(who, "Product Added", begun)
        event(who, "Product Viewed", then)
    asked = {
        "sequence": {"event": "Product Added"}, "then": {"event": "Product Viewed"}, "within": 1, "unit": "days",
    }  # fmt: skip
    same, soon, last, too_late = (who.pk for who in people)
    assert selected({**asked, "op": "then"}) == {soon, last}
    assert selected({**asked, "op": "not_then"}) == {same, too_late}
    assert selected({**asked, "op": "not_then"}, late) == {same, last, too_late}
    assert selected({**asked, "op": "not_then"}, late - A_MOMENT) == set()


def test_time_in_a_segment_counts_from_the_instant_of_entering() -> None:
    found = Segment.objects.create(name="S", rule=rule({"everyone": True}), created_at=NOW)
    people = [customer() for _ in range(3)]
    for who, nudge in zip(people, (-A_MOMENT, timedelta(0), A_MOMENT), strict=True):
        Membership.objects.create(customer=who, segment=found, entered_at=NOW - 7 * DAY + nudge)
    before, at, after = (who.pk for who in people)
    assert selected({"segment": found.pk, "op": "in", "for_days": 7}) == {before, at}
    assert selected({"segment_time": found.pk, "op": "for_at_most", "days": 7}) == {at, after}


def test_fresh_is_two_minutes_and_no_moment_longer() -> None:
    one = Segment(state="live", rule_version=1, computed_version=1, computed_at=NOW)
    assert is_fresh(one, NOW + STALE_AFTER)
    assert not is_fresh(one, NOW + STALE_AFTER + A_MOMENT)


def test_an_instant_has_anniversaries_from_the_first_year_on() -> None:
    """Whoever registered today has none yet; who did on the 13th of an earlier May has it today."""
    today, last_year = (
        customer(registered_at=NOW - timedelta(hours=2)),
        customer(registered_at=NOW - 365 * DAY),
    )
    for asked in ({"op": "anniversary_in_days", "value": 0}, {"op": "anniversary_this_month"}):
        assert selected({"field": "registered_at", **asked}) == {last_year.pk}, today.pk
