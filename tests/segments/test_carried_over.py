"""What time alone changes is seen by the refresh at that very instant: one microsecond before, at it, and after."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from segments.models import MembershipChange, Segment
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.services.refresh import refresh
from tests.clock import move_to
from tests.segments.shop import customer, event, members, rule, segment
from users.models import Customer
from users.services.touch import touch
from users.topics import TouchTopic

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 5, 13, 2, 0, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ADDED, VIEWED, SHARED = "Product Added", "Product Viewed", "Product Shared"


def step(*names: str, op: str, within: int = 1) -> dict[str, Any]:
    first, then = ({"event": name} for name in names)
    return {"sequence": first, "then": then, "within": within, "unit": "days", "op": op}


CARRIED = {
    "the wait for what did not follow is over": (
        step(ADDED, VIEWED, op="not_then"), [(ADDED, NOW - 12 * HOUR)], NOW + 12 * HOUR,
    ),
    "what follows was told ahead of its time": (
        step(ADDED, VIEWED, op="then"), [(ADDED, NOW - HOUR), (VIEWED, NOW + HOUR)], NOW + HOUR + A_MOMENT,
    ),
    "a later one ends the last": (
        {"event": VIEWED, "op": "last", "more_than_days_ago": 3},
        [(VIEWED, NOW - 5 * DAY), (VIEWED, NOW + HOUR)], NOW + HOUR + A_MOMENT,
    ),
    "it leaves the window at its beginning": (
        {"event": VIEWED, "op": "did", "in_last_days": 7}, [(VIEWED, NOW - 6 * DAY)], NOW + DAY + A_MOMENT,
    ),
    "it comes into the window at its end": (
        {"event": VIEWED, "op": "did", "more_than_days_ago": 7}, [(VIEWED, NOW - 6 * DAY)], NOW + DAY + A_MOMENT,
    ),
}  # fmt: skip


def from_scratch(of: Segment, now: datetime) -> set[int]:
    """Whom the rule selects of everybody."""
    return set(parse(of.rule).customers(AsOf(now)).values_list("pk", flat=True))


@pytest.mark.parametrize(("condition", "events", "edge"), CARRIED.values(), ids=CARRIED.keys())
def test_the_refresh_at_an_edge_sees_it(
    condition: dict[str, Any], events: list[tuple[str, datetime]], edge: datetime
) -> None:
    move_to(NOW)
    who = customer()
    for name, at in events:
        event(who, name, at)
    found = segment(condition)
    seen = []
    for instant in (edge - A_MOMENT, edge, edge + A_MOMENT):
        refresh(instant)
        seen.append(members(found))
        assert seen[-1] == from_scratch(found, instant), instant
    assert seen[0] != seen[1] == seen[2]


def test_days_in_a_segment_are_over_to_the_microsecond() -> None:
    entered = move_to(NOW)
    who = customer(city="A")
    child = segment({"field": "city", "op": "equals", "value": "A"})
    change = MembershipChange.objects.get(segment=child)
    short = segment({"segment_time": child.pk, "op": "for_at_most", "days": 7})
    assert entered <= change.at and members(short) == {who.pk}
    edge = change.at + 7 * DAY
    for instant, expected in ((edge - A_MOMENT, {who.pk}), (edge, {who.pk}), (edge + A_MOMENT, set())):
        refresh(instant)
        assert members(short) == expected == from_scratch(short, instant)


def test_every_run_of_a_child_is_seen_by_its_parent_in_that_run() -> None:
    """No run lies between: what the child changes in each run concerns the parent in the same one."""
    now = move_to(NOW)
    who = customer(city="A")
    child = segment({"field": "city", "op": "equals", "value": "A"})
    parent = segment({"segment": child.pk, "op": "in"})
    for number, city in enumerate("BABBA", 1):
        Customer.objects.filter(pk=who.pk).update(city=city)
        touch([who.pk], TouchTopic.PROFILE)
        refresh(now + number * HOUR)
        assert members(parent) == members(child) == ({who.pk} if city == "A" else set())


def test_a_parent_stands_still_while_its_child_is_not_exact() -> None:
    now = move_to(NOW)
    who = customer(city="A")
    child = segment({"field": "city", "op": "equals", "value": "A"})
    parent = segment({"segment": child.pk, "op": "not_in"}, {"field": "city", "op": "is_known"})
    parent.refresh_from_db()
    kept = parent.computed_at
    Segment.objects.filter(pk=child.pk).update(rule=rule({"field": "gone", "op": "is_known"}))
    Customer.objects.filter(pk=who.pk).update(city="B")
    touch([who.pk], TouchTopic.PROFILE)
    for hours in (1, 2):  # the run in which the child fails, and one after it
        refresh(now + hours * HOUR)
        parent.refresh_from_db()
        assert (parent.computed_at, members(parent)) == (kept, set())
