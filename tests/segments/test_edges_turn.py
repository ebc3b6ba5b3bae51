"""Which way an edge can turn an answer (rules/edges.py): every life of a few instants, asked before and after.

A customer for every choice of some instants, some that leave a window, some that enter it and some that stay
where they are. Whoever's answer time alone changed must be at an edge that says so, of the rule and of its opposite.
And each edge says no more and no less than the table here, so that none is looked at in vain.
"""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest

from config.kit import clock
from config.kit.batches import execute
from segments.models import Membership, MembershipChange, Run, Segment
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.services.refresh import refresh
from tests.segments.shop import customer, event, members, rule, segment
from users.models import Customer, Event, EventType, StageMove, Standing

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 5, 16, 2, 0, tzinfo=UTC)  # a Saturday, ten o'clock in the shop
DAY = timedelta(days=1)
# Over a Monday; and over a month's end and longer than the window, so that what enters it may leave it too.
LATER = (NOW + 2 * DAY, NOW + 20 * DAY)
# Of views: before the window of seven days, one that leaves it, two that stay, one that enters; with their values.
VIEWS = {NOW + days * DAY: value for days, value in ((-9, 4), (-6, 5), (-2, 1), (-0.5, -2), (1, 3))}
ADDED = tuple(NOW + days * DAY for days in (-5.9, -1.9, 1.1))
VIEW, ADD = {"event": "Product Viewed"}, {"event": "Product Added"}
WEEK: dict[str, Any] = {"in_last_days": 7}
GROWS, SHRINKS = (True, False), (False, True)
EITHER = (None, None)
OF_VALUE = {"of": "value"}

# A condition, and what it can only become where something enters its window, and where something leaves it.
WINDOWED: dict[str, tuple[dict[str, Any], tuple[bool | None, ...]]] = {
    "did": ({**VIEW, "op": "did", **WEEK}, GROWS),
    "did twice": ({**VIEW, "op": "did", "at_least": 2, **WEEK}, GROWS),
    "did at most once": ({**VIEW, "op": "did", "at_most": 1, **WEEK}, SHRINKS),
    "did once or twice": ({**VIEW, "op": "did", "at_least": 1, "at_most": 2, **WEEK}, EITHER),
    "not more than twice, from none on": ({**VIEW, "op": "did", "at_least": 0, "at_most": 2, **WEEK}, SHRINKS),
    "did not": ({**VIEW, "op": "did_not", **WEEK}, SHRINKS),
    "days": ({**VIEW, "op": "days", "at_least": 2, **WEEK}, GROWS),
    "days at most": ({**VIEW, "op": "days", "at_most": 1, **WEEK}, SHRINKS),
    "distinct": ({**VIEW, "op": "distinct", "of": "category", "at_least": 2, **WEEK}, GROWS),
    "distinct at most": ({**VIEW, "op": "distinct", "of": "category", "at_most": 1, **WEEK}, SHRINKS),
    "total": ({**VIEW, "op": "total", **OF_VALUE, "at_least": 4, **WEEK}, EITHER),
    "total at most": ({**VIEW, "op": "total", **OF_VALUE, "at_most": 4, **WEEK}, EITHER),
    "average": ({**VIEW, "op": "average", **OF_VALUE, "at_least": 2, **WEEK}, EITHER),
    "highest": ({**VIEW, "op": "highest", **OF_VALUE, "at_least": 3, **WEEK}, GROWS),
    "highest at most": ({**VIEW, "op": "highest", **OF_VALUE, "at_most": 3, **WEEK}, EITHER),
    "lowest": ({**VIEW, "op": "lowest", **OF_VALUE, "at_least": 1, **WEEK}, EITHER),
    "lowest at most": ({**VIEW, "op": "lowest", **OF_VALUE, "at_most": 3, **WEEK}, GROWS),
    "first": ({**VIEW, "op": "first", **WEEK}, GROWS),
    "then": ({"sequence": VIEW, "op": "then", "then": ADD, "within": 2, "unit": "days", **WEEK}, (True, False, True)),
    "and again": ({"sequence": VIEW, "op": "then", "then": VIEW, "within": 5, "unit": "days", **WEEK},
                  (True, False, True)),
    "not then": ({"sequence": VIEW, "op": "not_then", "then": ADD, "within": 1, "unit": "days", **WEEK},
                 (True, False, False, True)),
    "then, then not": ({"sequence": VIEW, "op": "not_then", "then": ADD, "and_then": VIEW, "within": 12,
                        "unit": "hours", **WEEK}, (True, False, True, False, True)),
    "the second": ({"nth": VIEW, "n": 2, **WEEK}, GROWS),
    "stopped": ({"stopped": VIEW, "gap_days": 7}, (True, False)),
    "regularly": ({"regularly": VIEW, "weeks": 1, "of": 1}, GROWS),
    "restarted": ({"restarted": VIEW, "gap_days": 4, **WEEK}, GROWS),
    "was in a stage": ({"in_stage": "dormant", "op": "was", **WEEK}, GROWS),
    "last seen": ({"field": "last_activity", "op": "in_last_days", "value": 7}, GROWS),
}  # fmt: skip
# What enters these is news of the segment, whose customers are looked at anyway.
NEWS = {"entered", "left", "was in a segment"}
# The same, where the one bound of the window stands still or nothing enters.
OPEN: dict[str, tuple[dict[str, Any], tuple[bool | None, ...]]] = {
    "ever": ({**VIEW, "op": "did", "at_least": 3}, (True,)),
    "last": ({**VIEW, "op": "last", "more_than_days_ago": 7}, (True, False)),
    "not long ago": ({**VIEW, "op": "did_not", "more_than_days_ago": 7}, (False,)),
    "first long ago": ({**VIEW, "op": "first", "more_than_days_ago": 7}, (True,)),
    "last seen long ago": ({"field": "last_activity", "op": "more_than_days_ago", "value": 7}, (True,)),
    "first this month": ({**VIEW, "op": "first", "on_or_after": "2026-05-01"}, (True,)),
    "long in a stage": ({"in_stage": "dormant", "op": "for_at_least", "days": 7}, (True,)),
    "not long in a stage": ({"in_stage": "dormant", "op": "for_at_most", "days": 7}, (False,)),
    "long in a segment": ({"segment": 0, "op": "in", "for_days": 7}, (True,)),
    "not long in a segment": ({"segment_time": 0, "op": "for_at_most", "days": 7}, (False,)),
    "entered": ({"segment_time": 0, "op": "entered", **WEEK}, GROWS),
    "left": ({"segment_time": 0, "op": "left", **WEEK}, GROWS),
    "was in a segment": ({"segment_time": 0, "op": "was_in", **WEEK}, GROWS),
    "entered long ago": ({"segment_time": 0, "op": "entered", "more_than_days_ago": 7}, (True,)),
}


def choices(instants: Any) -> list[tuple[datetime, ...]]:
    return [some for many in range(len(instants) + 1) for some in combinations(instants, many)]


def everybody() -> int:
    types = {name: EventType.objects.get_or_create(name=name, defaults={"first_seen_at": NOW})[0]
             for name in ("Product Viewed", "Product Added")}  # fmt: skip
    once = Segment.objects.create(name="Once in it", rule=rule({"everyone": True}), created_at=NOW)
    runs = {at: Run.objects.create(kind="refresh", now=at) for at in VIEWS}
    people, events, moves, changes, standings, inside = (list[Any]() for _table in range(6))
    for number, (views, added) in enumerate((v, a) for v in choices(list(VIEWS)) for a in choices(ADDED)):
        who = Customer(pk=number + 1, first_seen_at=NOW)
        people.append(who)
        past = [at for at in views if at <= NOW]
        standings.append(Standing(customer=who, last_activity_at=views[-1] if views else None,
                                  stage="dormant" if len(past) % 2 else "active",
                                  stage_at=past[-1] if past else None))  # fmt: skip
        for name, instants in (("Product Viewed", views), ("Product Added", added)):
            events += [
                Event(customer=who, message_id=f"{name}{at}", type=types[name], occurred_at=at, received_at=NOW,
                      value=VIEWS.get(at), category=f"of {VIEWS.get(at, 0) % 3}")
                for at in instants
            ]  # fmt: skip
        for turn, at in enumerate(views):
            stages = ("active", "dormant") if turn % 2 == 0 else ("dormant", "active")
            moves.append(StageMove(customer=who, at=at, noticed_at=at, from_stage=stages[0], to_stage=stages[1],
                                   cause="clock", rule_version=1, starts_things=False))  # fmt: skip
        for turn, at in enumerate(past):
            changes.append(MembershipChange(customer=who, segment=once, run=runs[at], entered=turn % 2 == 0, at=at,
                                            cause="event"))  # fmt: skip
        if len(past) % 2:
            inside.append(Membership(customer=who, segment=once, entered_at=past[-1]))
    for rows in (people, standings, events, moves, changes, inside):
        type(rows[0])._default_manager.bulk_create(rows)
    execute("ANALYZE users_customer, users_event, users_stagemove, segments_membershipchange")
    return once.pk


def selected(raw: dict[str, Any], as_of: AsOf) -> set[int]:
    return set(parse(raw).customers(as_of).order_by().values_list("pk", flat=True))


def ids(customers: Any) -> set[int]:
    """Of a query of one column."""
    return {pk for row in customers.order_by() for pk in row.values()}


def test_whoever_turns_is_at_an_edge_that_turns_so() -> None:
    segment, hardly = everybody(), list[str]()
    for name, (asked, turns) in {**WINDOWED, **OPEN}.items():
        about = {**asked, **{key: segment for key in ("segment", "segment_time") if key in asked}}
        read, denied = parse(rule(about)), parse(rule(about, how="none"))
        turned = set[bool]()
        for later in LATER:
            then, now = AsOf(NOW), AsOf(later)
            before, after = (ids(read.customers(at).values("pk")) for at in (then, now))
            edges = [(ids(edge.customers), edge.turned) for edge in read.crossing(then, now)]
            assert tuple(which for _customers, which in edges) == turns, name
            for which, moved in ((True, after - before), (False, before - after)):
                reached = set[int]().union(*(found for found, turn in edges if turn in (None, which)))
                assert moved <= reached, (name, which, len(moved - reached))
                turned |= {which} if moved else set()
            opposite = [edge.turned for edge in denied.crossing(then, now)]
            assert opposite == [None if turn is None else not turn for turn in turns], name
        turned |= {True} if name in NEWS else set()
        hardly += [name] if turned < {turn for turn in turns if turn is not None} else []
    assert not hardly, "nobody turned as they might have"


def test_parts_of_a_rule_turn_it_as_they_turn_and_none_the_other_way() -> None:
    did = {**VIEW, "op": "did", **WEEK}

    def turns(*conditions: dict[str, Any], how: str) -> list[bool | None]:
        edges = parse(rule(*conditions, how=how)).crossing(AsOf(NOW), AsOf(LATER[0]))
        return [edge.turned for edge in edges]

    assert turns(did, how="all") == turns(did, how="any") == [True, False]
    assert turns({"none": [did]}, {"any": [did]}, how="all") == [False, True, True, False]
    assert turns({"none": [{"all": [{"none": [did]}]}]}, how="any") == [True, False]
    assert turns({"all": [{"none": [did]}]}, how="none") == [True, False]


def test_a_refresh_looks_at_those_only_whose_answer_an_edge_can_have_turned() -> None:
    """Two had a view leave the window; one of them is not a member, who cannot have become one."""
    often, once = customer(), customer()
    for who, times in ((often, 3), (once, 1)):
        for turn in range(times):
            event(who, "Product Viewed", clock.now() - timedelta(days=6.5) + timedelta(minutes=turn))
    twice = segment({**VIEW, "op": "did", "at_least": 2, **WEEK})
    seldom = segment({"none": [{**VIEW, "op": "did", "at_least": 2, **WEEK}]})
    refresh()
    assert (members(twice), members(seldom)) == ({often.pk}, {once.pk})
    refresh(clock.now() + DAY)
    assert (members(twice), members(seldom)) == (set(), {often.pk, once.pk})
    looked_at = [one.runs.latest("run").checked for one in (twice, seldom)]
    assert looked_at == [1, 1]


def test_what_turns_both_ways_at_once_is_looked_at_whatever_it_was() -> None:
    """A view entered the window and another left it, in one refresh: of a member and of one who is not."""
    one, other = customer(), customer()
    event(one, "Product Viewed", clock.now() - timedelta(days=6.5))
    for who in (one, other):
        event(who, "Product Viewed", clock.now() + timedelta(minutes=3))
    found = segment({**VIEW, "op": "did", **WEEK})
    refresh()
    assert members(found) == {one.pk}
    refresh(clock.now() + DAY)
    assert members(found) == {one.pk, other.pk}
    refresh(clock.now() + 10 * DAY)
    assert members(found) == set()
