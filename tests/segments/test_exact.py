"""Promise 8: membership is the rule evaluated from scratch. The compiler and the refresh against the oracle.

A case is one random rule asked of one random shop at one instant, in both physical forms. A shop is asked many
rules, because making one costs more than asking it; each zone is a test of its own, so that workers share them.
``RULE_CASES=500`` asks that many shops instead (docs/running.md, "Longer tests"); the cases of a run are counted
and a run that asked fewer than it promises fails.
"""

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from segments.models import Membership, MembershipChange, Segment, SegmentRun
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.services.explain import explain
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.segments import create_segment, edit_segment
from tests.oracle import Person, selects
from tests.segments.copying import FORMS, asks_in_form
from tests.segments.strategies import (
    CATEGORIES,
    MONEY,
    event_properties,
    instants,
    open_values,
    rules,
    values,
)
from tests.segments.world import EVENTS, TAGS, World
from tests.segments.zones import ZONES, instants_of, open_in

SHOPS = int(os.environ.get("RULE_CASES", "0"))
PATIENCE = 6 * 3600 if SHOPS else 600
"""Seconds that one test may take."""
RULES_EACH = 25
PROMISED = 2_000
QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large,
         HealthCheck.nested_given]  # fmt: skip


def profile(examples: int, phases: Sequence[Phase] = tuple(Phase)) -> Any:
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=QUIET, print_blob=True, phases=phases
    )


def populate(data: st.DataObject, world: World, people: int) -> None:
    for _ in range(people):
        somebody_arrives(data, world)
        for _ in range(data.draw(st.integers(0, 3))):
            something_happens(data, world)


def somebody_arrives(data: st.DataObject, world: World) -> None:
    interests = data.draw(st.sets(st.sampled_from(TAGS), max_size=2))
    world.arrives(data.draw(values(world.now)), data.draw(open_values()), interests)


def somebody(data: st.DataObject, world: World) -> Person:
    return world.people[data.draw(st.sampled_from(sorted(world.people)))]


def something_happens(data: st.DataObject, world: World) -> None:
    """One change of one customer, with the touch that belongs to it."""
    if not world.people:
        somebody_arrives(data, world)
    who = somebody(data, world)
    at = instants(world.now)
    what = data.draw(st.sampled_from(["event", "event", "order", "tag", "consent", "contact", "profile"]))
    if what == "event":
        world.does(who, data.draw(st.sampled_from(EVENTS)), data.draw(at), data.draw(event_properties()))
    elif what == "order":
        categories = data.draw(st.sets(CATEGORIES, max_size=2))
        world.orders(who, data.draw(at), data.draw(MONEY), categories, data.draw(st.booleans()))
    elif what == "tag":
        world.is_tagged(who, data.draw(st.sampled_from(TAGS)))
    elif what == "consent":
        world.answers(who, data.draw(st.sampled_from(["news", "care"])), data.draw(st.booleans()))
    elif what == "contact":
        state = data.draw(st.sampled_from(["unverified", "verified", "bouncing", "blocked"]))
        world.gets_contact(who, state, data.draw(st.booleans()))
    else:
        world.changes(who, data.draw(values(world.now)))


def chosen(rule: dict[str, Any], world: World, now: datetime) -> set[int]:
    return {pk for pk, person in world.people.items() if selects(rule, person, now)}


def ask(raw: dict[str, Any], world: World, now: datetime) -> None:
    """Compiled = oracle in both forms; and printing and parsing again changes nothing."""
    rule = parse(raw)
    assert parse(rule.write()) == rule
    expected = chosen(raw, world, now)
    for everybody in (True, False):
        as_of = AsOf(now, everybody=everybody)
        assert set(rule.customers(as_of).order_by().values_list("pk", flat=True)) == expected


def ask_many(world: World, now: datetime, number: int) -> int:
    """Ask a shop as many random rules as each is asked; how many it was.

    A search of its own inside the one for shops, with a seed of its own: one search for both would have to
    draw more for one shop than hypothesis allows.
    """
    asked = 0

    @seed(number)
    @profile(RULES_EACH, phases=[Phase.generate, Phase.shrink])
    @given(raw=rules())
    def asks(raw: dict[str, Any]) -> None:
        nonlocal asked
        asked += 1
        ask(raw, world, now)

    asks()
    return asked


@pytest.mark.django_db
@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("zone", ZONES)
def test_the_compiled_rule_selects_what_the_oracle_selects(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_in(zone, monkeypatch)
    cases = list[int]()

    @profile(SHOPS or -(-PROMISED // len(ZONES) // RULES_EACH), phases=[Phase.reuse, Phase.generate])
    @given(data=st.data(), now=st.sampled_from(instants_of(zone)), number=st.integers(0, 2**32))
    def shops(data: st.DataObject, now: datetime, number: int) -> None:
        with transaction.atomic():
            world = World.empty(now, sweep=False)
            with world.together():
                populate(data, world, people=6)
            cases.append(ask_many(world, now, number))
            transaction.set_rollback(True)

    shops()
    assert sum(cases) >= PROMISED / len(ZONES)


@pytest.mark.django_db
@pytest.mark.timeout(PATIENCE)
@profile(SHOPS or 12)
@given(data=st.data())
def test_denied_twice_is_not_denied(data: st.DataObject) -> None:
    """NOT NOT of a rule selects the same: no condition is ever NULL."""
    now = data.draw(st.sampled_from(instants_of("Asia/Shanghai")))
    with transaction.atomic():
        world = World.empty(now, sweep=False)
        with world.together():
            populate(data, world, people=5)
        for _ in range(4):
            raw = data.draw(rules())
            twice = parse({"version": 1, "root": {"none": [{"none": [raw["root"]]}]}})
            found = twice.customers(AsOf(now, everybody=False)).values_list("pk", flat=True)
            assert set(found) == chosen(raw, world, now)
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("zone", ZONES)
def test_refreshing_ends_where_a_computation_from_scratch_would(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After random events, orders, edits, erasures, joins, moves of the clock; segments in segments too."""
    open_in(zone, monkeypatch)

    @profile(SHOPS or 5)
    @given(data=st.data(), start=st.sampled_from(instants_of(zone)))
    def lives(data: st.DataObject, start: datetime) -> None:
        world = World.empty(start)
        populate(data, world, people=4)
        made: list[Segment] = []
        for number in range(data.draw(st.integers(3, 6))):
            raw = data.draw(rules(tuple(one.pk for one in made)))
            made.append(create_segment(name=f"S{number}", rule=raw, by=None, means_everyone=True))
        rebuild_waiting(start)
        for _ in range(data.draw(st.integers(1, 4))):
            live(data, world, made)
            asks_in_form(data.draw(st.sampled_from(FORMS)), monkeypatch)
            refreshed = refresh(world.now)
            assert refreshed is not None
            assert refreshed.failed == ()
            assert world.touched() == 0
            check(world, made)

    lives()


def live(data: st.DataObject, world: World, made: list[Segment]) -> None:
    """Time passes and things happen, sometimes nothing."""
    world.now += data.draw(
        st.sampled_from([timedelta(0), timedelta(seconds=10), timedelta(minutes=4), timedelta(hours=9),
                         timedelta(days=1), timedelta(days=7), timedelta(days=31)])
    )  # fmt: skip
    for _ in range(data.draw(st.integers(0, 3))):
        what = data.draw(st.sampled_from(["happens", "happens", "happens", "arrives", "leaves", "edit"]))
        if what == "happens":
            something_happens(data, world)
        elif what == "arrives":
            somebody_arrives(data, world)
        elif what == "leaves" and world.people:
            who = somebody(data, world)
            data.draw(st.sampled_from([world.is_erased, world.is_gone]))(who)
        elif what == "edit":
            index = data.draw(st.integers(0, len(made) - 1))
            raw = data.draw(rules(tuple(one.pk for one in made[:index])))
            edited = edit_segment(made[index], rule=raw, by=None, means_everyone=True)
            if edited.state != "live":
                rebuild_waiting(world.now)


def check(world: World, made: list[Segment]) -> None:
    """Stored membership, size and log agree with the oracle, children first."""
    world.read_memberships()
    for segment in Segment.objects.order_by("pk"):
        stored = set(Membership.objects.filter(segment=segment).values_list("customer_id", flat=True))
        assert segment.rule is not None
        assert stored == chosen(segment.rule, world, world.now), segment.rule
        assert segment.size == len(stored)
        assert segment.computed_at == world.now
        came = MembershipChange.objects.filter(segment=segment, entered=True).count()
        left = MembershipChange.objects.filter(segment=segment, entered=False).count()
        assert came - left == len(stored)
        for pk in sorted(world.people)[:1]:
            assert explain(segment, pk, world.now).matches == (pk in stored)
    assert not SegmentRun.objects.exclude(error="").exists()
