"""What a refresh copies of the customers it looks at: the same answers as the tables give, and never in the way."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from config.kit import clock
from config.kit.batches import fetch
from segments.models import Segment
from segments.rules.as_of import AsOf
from segments.rules.copies import Copy
from segments.rules.tree import Rule
from segments.services import copies, difference, refresh
from segments.services.affected import Statement
from segments.services.rebuild import rebuild_waiting
from segments.services.segments import create_segment
from tests.segments.copying import asks_in_form
from tests.segments.shop import ago, customer, event, members, order, segment
from tests.segments.strategies import Json, conditions, happenings
from tests.segments.test_exact import check, live, populate
from tests.segments.world import World
from tests.segments.zones import instants_of

pytestmark = pytest.mark.django_db(transaction=True)

VIEWED = {"event": "Product Viewed", "op": "did", "in_last_days": 30}
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.nested_given]


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Copy]]:
    """Every refresh copies; what each has copied."""
    asks_in_form("copies", monkeypatch)
    made, copy = list[dict[str, Copy]](), copies.copy_what_is_shared

    def noted(*arguments: Any, **more: Any) -> AsOf | None:
        asking = copy(*arguments, **more)
        made.append(dict(asking.copies) if asking else {})
        return asking

    monkeypatch.setattr(refresh, "copy_what_is_shared", noted)
    return made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that said who matches; each gives what the tables alone would."""
    asked, among = list[str](), difference._matching_among

    def compared(number: int, rule: Rule, as_of: AsOf, copied: AsOf | None) -> Statement:
        sql, parameters = among(number, rule, as_of, copied)
        plainly = among(number, rule, as_of, None)
        assert sorted(fetch(sql, parameters)) == sorted(fetch(*plainly)), rule.write()
        asked.append(sql)
        return sql, parameters

    monkeypatch.setattr(difference, "_matching_among", compared)
    return asked


# --- The same answers ---------------------------------------------------------------------------------------


@pytest.mark.timeout(300)
def test_copied_is_the_same_as_not_copied_and_as_from_scratch(
    copied: list[dict[str, Copy]], read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules around happenings, and parents of them; events, orders, edits, erasures and moves of the clock.

    Longer lives of any rules, a third of them copied: test_exact.py; through the real services: test_lives.py.
    """

    @settings(max_examples=3, deadline=None, suppress_health_check=QUIET, phases=[Phase.generate])
    @given(data=st.data(), start=st.sampled_from(instants_of("Asia/Shanghai")), asked=st.sampled_from([1, 2]))
    def lives(data: st.DataObject, start: datetime, asked: int) -> None:
        monkeypatch.setattr(copies, "ASKED_FROM", asked)
        world = World.empty(start)
        populate(data, world, people=3)
        made: list[Segment] = []
        for number in range(6):
            parts = [data.draw(happenings()), data.draw(conditions(tuple(one.pk for one in made)))]
            raw = {"version": 1, "root": {data.draw(st.sampled_from(["all", "any", "none"])): parts}}
            made.append(create_segment(name=f"S{number}", rule=raw, by=None, means_everyone=True))
        rebuild_waiting(start)
        for _turn in range(2):
            live(data, world, made)
            done = refresh.refresh(world.now)
            assert done is not None
            assert done.failed == ()
            check(world, made)

    lives()
    assert sum("few_customers" in sql for sql in read) > 5, "hardly any rule read a copy"
    assert any("few_events" in sql or "few_orders" in sql for sql in read)


HAPPENINGS: dict[str, tuple[Json, bool]] = {
    "within the copied time": ({**VIEWED, "in_last_days": 29}, True),
    "longer ago than copied": ({**VIEWED, "in_last_days": 31}, True),
    "since ever": ({"event": "Product Viewed", "op": "did"}, False),
    "by a column of the copy": ({**VIEWED, "where": [{"property": "category", "op": "equals", "value": "A"}]}, True),
    "by another column": ({**VIEWED, "where": [{"property": "confirmed", "op": "equals", "value": True}]}, False),
    "by an open property": ({**VIEWED, "where": [{"property": "colour", "op": "equals", "value": "red"}]}, False),
    "by an open property named like a column": (
        {**VIEWED, "where": [{"property": "type", "op": "equals", "value": "red"}]}, False),
    "the total of a column": ({**VIEWED, "op": "total", "of": "value", "at_least": 2}, True),
    "the total of an open property": ({**VIEWED, "op": "total", "of": "weight", "at_least": 2}, False),
    "a sequence": ({"sequence": {"event": "Product Viewed"}, "op": "then", "then": {"event": "Product Added"},
                    "within": 2, "unit": "days", "in_last_days": 20}, True),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "is_copied"), HAPPENINGS.values(), ids=HAPPENINGS.keys())
def test_what_a_copy_does_not_hold_is_read_where_it_always_was(
    asked: Json, is_copied: bool, copied: list[dict[str, Copy]], read: list[str]
) -> None:
    one, two = customer(), customer()
    found = segment(asked)
    segment(VIEWED)
    refresh.refresh()
    about = {
        "category": "A",
        "value": 3,
        "confirmed": True,
        "properties": {"colour": "red", "type": "red", "weight": 4},
    }
    event(one, "Product Viewed", ago(days=3), **about)
    event(one, "Product Added", ago(days=2))
    event(two, "Product Viewed", ago(days=90), **about)
    read.clear()
    refresh.refresh()
    since_ever = asked == {"event": "Product Viewed", "op": "did"}
    assert members(found) == ({one.pk, two.pk} if since_ever else {one.pk})
    assert ("few_events" in read[0]) == is_copied


def test_orders_are_copied_and_their_lines_are_not(copied: list[dict[str, Copy]], read: list[str]) -> None:
    who = customer()
    asked = {"happened": "orders", "op": "did", "in_last_days": 180}
    often = segment({**asked, "at_least": 2})
    jazz = segment({**asked, "where": [{"property": "category", "op": "equals", "value": "Jazz"}]})
    refresh.refresh()
    read.clear()
    for _turn in range(2):
        order(who, ago(days=9), 500, "Jazz")
    refresh.refresh()
    assert members(often) == members(jazz) == {who.pk}
    assert [("few_orders" in sql) for sql in read] == [True, False]


def test_a_parent_sees_the_moves_of_its_child_in_the_same_run(copied: list[dict[str, Copy]]) -> None:
    """Those who moved only now were not known when the copies were made."""
    who = customer()
    event(who, "Product Viewed", ago(days=29))
    child = segment(VIEWED)
    parent = segment(
        {"segment": child.pk, "op": "in"}, {"event": "Product Added", "op": "did_not", "in_last_days": 9}
    )
    refresh.refresh()
    assert members(parent) == {who.pk}
    refresh.refresh(clock.now() + timedelta(days=2))
    assert members(child) == members(parent) == set()


# --- Never in the way ---------------------------------------------------------------------------------------


def test_only_whom_enough_segments_look_at_is_copied(
    copied: list[dict[str, Copy]], read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "ASKED_FROM", 2)
    often, once = customer(), customer()
    event(once, "Product Viewed", ago(days=29))
    found = [segment({**VIEWED, "in_last_days": days}) for days in (10, 20, 30)]
    refresh.refresh()
    event(often, "Product Viewed", ago(days=1))
    held = list[Any]()
    keep(monkeypatch, lambda: held.extend(fetch("SELECT id FROM few_customers")))
    refresh.refresh(clock.now() + timedelta(days=2))
    assert held == [(often.pk,)]
    assert [members(one) for one in found] == [{often.pk}] * 3


@pytest.mark.parametrize("seconds", [0.0, 0.001])
def test_what_takes_too_long_to_copy_is_not_copied(
    seconds: float, copied: list[dict[str, Copy]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "SECONDS", seconds)
    monkeypatch.setattr(copies, "_tell_the_planner", lambda table: fetch("SELECT pg_sleep(5)"))
    before, who = fetch("SHOW statement_timeout"), customer()
    found = segment(VIEWED)
    event(who, "Product Viewed", ago(days=1))
    refresh.refresh()
    assert copied[-1] == {}
    assert members(found) == {who.pk}
    assert fetch("SHOW statement_timeout") == before


def test_a_source_that_fails_to_be_copied_is_read_where_it_always_was(
    copied: list[dict[str, Copy]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "_copy_rows", lambda *arguments: fetch("SELECT 1 / 0"))
    who = customer()
    found = segment(VIEWED)
    event(who, "Product Viewed", ago(days=1))
    refresh.refresh()
    assert copied[-1].keys() == {"customers"}
    assert members(found) == {who.pk}


def test_more_than_a_few_are_not_copied(
    copied: list[dict[str, Copy]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = segment(VIEWED)
    monkeypatch.setattr(refresh._Work, "_few", lambda work: 2)
    for turn, people in enumerate((2, 3)):
        for _number in range(people):
            event(customer(), "Product Viewed", ago(days=1))
        other = segment({**VIEWED, "in_last_days": 3 + turn})
        refresh.refresh()
        assert bool(copied[-1]) == (people == 2)
        assert len(members(other)) == len(members(found))


def test_nothing_of_the_copies_outlives_the_run(copied: list[dict[str, Copy]]) -> None:
    event(customer(), "Product Viewed", ago(days=1))
    segment(VIEWED)
    refresh.refresh()
    assert copied[-1].keys() == {"customers", "events"}
    assert fetch("SELECT (SELECT count(*) FROM few_customers), (SELECT count(*) FROM few_events)") == [(0, 0)]


def keep(monkeypatch: pytest.MonkeyPatch, look: Callable[[], Any]) -> None:
    """Look at what is copied, just after it was."""
    copy = copies.copy_what_is_shared

    def looked_at(*arguments: Any, **more: Any) -> AsOf | None:
        asking = copy(*arguments, **more)
        look()
        return asking

    monkeypatch.setattr(refresh, "copy_what_is_shared", looked_at)
