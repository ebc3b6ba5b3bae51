"""What time alone changes is seen by the refresh at that very instant: one microsecond before, at it, and after."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DataError

from segments.models import MembershipChange, Run, Segment
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.rules.tree import Rule
from segments.services.difference import Difference, apply_to_affected
from segments.services.refresh import refresh
from tests.clock import move_to
from tests.segments.shop import customer, event, members, segment

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 5, 13, 2, 0, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ADDED, VIEWED = "Product Added", "Product Viewed"


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
    """No run lies between, and nothing that the parent itself reads is touched."""
    now = move_to(NOW)
    who = customer()
    refresh(now)
    child = segment({"event": VIEWED, "op": "did", "in_last_days": 1})
    parent = segment({"segment": child.pk, "op": "in"})
    event(who, VIEWED, now)
    event(who, VIEWED, now + 5 * DAY)
    for days, expected in ((0.5, {who.pk}), (1.5, set()), (5.5, {who.pk}), (5.6, {who.pk}), (6.5, set())):
        refresh(now + days * DAY)
        assert members(child) == members(parent) == expected, days


def test_a_parent_stands_still_while_its_child_is_not_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the child's statement fails in this run or failed in one before."""
    now = move_to(NOW)
    who = customer()
    child = segment({"event": VIEWED, "op": "did", "in_last_days": 1})
    parent = segment({"segment": child.pk, "op": "in"})
    kept = Segment.objects.get(pk=parent.pk).computed_at
    event(who, VIEWED, now)

    def broken(segment: Segment, rule: Rule, run: Run, as_of: AsOf, copied: AsOf | None) -> Difference:
        if segment.pk == child.pk:
            raise DataError("broken on purpose")
        return apply_to_affected(segment, rule, run, as_of, copied)

    monkeypatch.setattr("segments.services.refresh.apply_to_affected", broken)
    for hours in (1, 2):
        done = refresh(now + hours * HOUR)
        assert done is not None
        assert done.failed == ((child.name,) if hours == 1 else ())
        parent.refresh_from_db()
        assert (parent.computed_at, members(parent)) == (kept, set())
