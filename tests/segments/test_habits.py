"""Sequences, stopped, restarted, regularly, the n-th time: random lives against the oracle, and the edges."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from config.kit import clock
from config.kit.refusal import Refusal
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.rules.words import Words
from segments.services.explain import explain
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.segments import create_segment
from tests.segments.shop import ago, customer, event, members, order, rule, segment
from tests.segments.strategies import CATEGORIES, MONEY, NOWS, event_properties, habits, instants
from tests.segments.test_exact import PATIENCE, SHOPS, check, chosen, profile
from tests.segments.world import EVENTS, World
from users.models import Customer

ADDED, ORDERED = {"event": "Product Added"}, {"happened": "orders"}
LEFT_BEHIND = {"sequence": ADDED, "op": "not_then", "then": ORDERED, "within": 3, "unit": "days"}


def somebody_lives(data: st.DataObject, world: World) -> None:
    """One person to whom much of the same happens, near the edges."""
    person = world.arrives({}, {}, set())
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(instants(world.now))
        if data.draw(st.integers(0, 2)):
            world.does(person, data.draw(st.sampled_from(EVENTS)), at, data.draw(event_properties()))
        else:
            categories = data.draw(st.sets(CATEGORIES, max_size=2))
            world.orders(person, at, data.draw(MONEY), categories, counts=True)


def among(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"version": 1, "root": {"any": parts}}


@pytest.mark.django_db
@pytest.mark.timeout(PATIENCE)
@profile(SHOPS or 12)
@given(data=st.data(), now=NOWS)
def test_both_physical_forms_select_what_the_oracle_selects(data: st.DataObject, now: datetime) -> None:
    with transaction.atomic():
        world = World.empty(now)
        for _ in range(3):
            somebody_lives(data, world)
        for _ in range(4):
            raw = among([data.draw(habits())])
            asked = parse(raw)
            assert parse(asked.write()) == asked
            for everybody in (True, False):
                found = asked.customers(AsOf(now, everybody=everybody))
                assert set(found.values_list("pk", flat=True)) == chosen(raw, world, now), raw
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(PATIENCE)
@profile(SHOPS or 8)
@given(data=st.data(), start=NOWS)
def test_time_alone_is_followed(data: st.DataObject, start: datetime) -> None:
    """Nobody does anything: the clock moves, and what crosses an edge is found."""
    world = World.empty(start)
    for _ in range(3):
        somebody_lives(data, world)
    made = [
        create_segment(name=f"S{number}", rule=among([data.draw(habits())]), by=None) for number in range(3)
    ]
    rebuild_waiting(start)
    for _ in range(3):
        world.now += data.draw(
            st.sampled_from([timedelta(microseconds=1), timedelta(minutes=3), timedelta(hours=5),
                             timedelta(days=1), timedelta(days=7), timedelta(days=30)])
        )  # fmt: skip
        assert refresh(world.now).failed == ()  # type: ignore[union-attr]  # it waits, so it runs
        check(world, made)


REFUSED = [
    ({**LEFT_BEHIND, "op": "after"}, "unknown_choice", "op"),
    ({**LEFT_BEHIND, "within": 0}, "out_of_range", "within"),
    ({**LEFT_BEHIND, "within": 367}, "out_of_range", "within"),
    ({**LEFT_BEHIND, "unit": "weeks"}, "unknown_choice", "unit"),
    ({**LEFT_BEHIND, "in_last_days": 3}, "means_no_one", "within"),
    ({**LEFT_BEHIND, "in_current": "day"}, "means_no_one", "within"),
    ({**LEFT_BEHIND, "in_next_days": 3}, "bad_window", "in_next_days"),
    ({**LEFT_BEHIND, "then": {"event": "order_paid"}}, "internal_event", "then.event"),
    ({**LEFT_BEHIND, "then": {**ORDERED, "in_last_days": 3}}, "unknown_key", "then"),
    ({**LEFT_BEHIND, "and_then": [ORDERED] * 4}, "wrong_length", "and_then"),
    ({"stopped": ORDERED}, "missing_key", ""),
    ({"stopped": ORDERED, "gap_days": 4000}, "out_of_range", "gap_days"),
    ({"stopped": ORDERED, "gap_days": 30, "at_least": 0}, "out_of_range", "at_least"),
    ({"restarted": ORDERED, "gap_days": 30, "in_next_days": 1}, "bad_window", "in_next_days"),
    ({"regularly": ORDERED, "weeks": 5, "of": 4}, "out_of_range", "weeks"),
    ({"nth": ORDERED, "n": 2}, "missing_key", ""),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("raw", "code", "key"), REFUSED)
def test_what_makes_no_sense_is_refused_with_its_place(raw: dict[str, Any], code: str, key: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(rule(raw))
    assert (refused.value.code, refused.value.field) == (code, f"root.all[0].{key}".rstrip("."))


@pytest.mark.django_db
def test_sentences_in_two_languages() -> None:
    jazz = {"event": "Product Viewed", "where": [{"property": "category", "op": "equals", "value": "Jazz"}]}
    sentences = {
        "did “Product Added”, then within 3 days did not order": LEFT_BEHIND,
        "did “Product Viewed” (category is “Jazz”), then within 1 hour did “Product Added”, then within 1 hour "
        "ordered (the first of these in the last 30 days)": {
            "sequence": jazz, "op": "then", "then": ADDED, "and_then": ORDERED, "within": 1, "unit": "hours",
            "in_last_days": 30},
        "ordered at least 2 times and then not again for more than 60 days": {
            "stopped": ORDERED, "gap_days": 60, "at_least": 2},
        "ordered again after at least 60 days without, in the last 14 days": {
            "restarted": ORDERED, "gap_days": 60, "in_last_days": 14},
        "ordered in at least 3 of the last 4 whole weeks": {"regularly": ORDERED, "weeks": 3, "of": 4},
        "number 2 of the orders was in the last 30 days": {"nth": ORDERED, "n": 2, "in_last_days": 30},
    }  # fmt: skip
    for sentence, condition in sentences.items():
        assert parse(rule(condition)).sentence(Words()) == f"Customers: {sentence}."
    with translation.override("zh-hans"):
        for condition in sentences.values():
            assert not any(
                word in parse(rule(condition)).sentence(Words()) for word in ("then", "week", "days")
            )


@pytest.mark.django_db(transaction=True)
def test_that_nothing_followed_is_known_only_when_the_time_has_passed() -> None:
    """And a cart that turns into an order in the last moment never shows up."""
    now = clock.now()
    left, bought, early = customer(), customer(), customer()
    for who in (left, bought):
        event(who, "Product Added", now)
    order(early, now - timedelta(seconds=1), 100)
    event(early, "Product Added", now)
    abandoned = segment(LEFT_BEHIND)
    assert refresh(now + timedelta(days=2)) is not None
    order(bought, now + timedelta(days=3), 100)
    refresh(now + timedelta(days=3) - timedelta(microseconds=1))
    assert members(abandoned) == set()
    reasons = explain(abandoned, left.pk, now + timedelta(days=2))
    assert (reasons.matches, reasons.turns_at) == (False, now + timedelta(days=3))
    refresh(now + timedelta(days=3, seconds=1))
    assert members(abandoned) == {left.pk, early.pk}


@pytest.mark.django_db(transaction=True)
def test_explaining_names_the_instant_or_the_count() -> None:
    who = customer()
    for days in (100, 15, 8):
        order(who, ago(days=days), 100)
    returned = segment({"restarted": ORDERED, "gap_days": 60, "in_last_days": 30})
    regular = segment({"regularly": ORDERED, "weeks": 1, "of": 4})
    second = segment({"nth": ORDERED, "n": 2, "in_last_days": 30})
    gone = segment({"stopped": ORDERED, "gap_days": 7, "at_least": 3})
    now = clock.now()
    assert explain(returned, who.pk, now).turns_at is not None
    for made, begins in ((returned, "came back "), (second, ""), (gone, "last ")):
        reason = explain(made, who.pk, now).root.parts[0]
        assert reason.holds
        assert reason.actual.startswith(begins)
    assert explain(regular, who.pk, now).root.parts[0].actual.endswith(" of 4 weeks")
    assert explain(segment(LEFT_BEHIND), who.pk, now).root.parts[0].actual == "not so far"


@pytest.mark.django_db
def test_twice_in_one_instant_is_not_one_after_the_other() -> None:
    who, now = customer(), clock.now()
    for _ in range(2):
        event(who, "Product Added", now - timedelta(hours=1))
    again = {"sequence": ADDED, "op": "then", "then": ADDED, "within": 1, "unit": "days"}
    assert not parse(rule(again)).customers(AsOf(now)).exists()
    event(who, "Product Added", now - timedelta(minutes=59))
    assert list(parse(rule(again)).customers(AsOf(now))) == [Customer.objects.get(pk=who.pk)]


@pytest.mark.django_db(transaction=True)
def test_events_of_a_kind_of_device() -> None:
    phone, desk, untold = customer(), customer(), customer()
    for who, device in ((phone, "mobile"), (desk, "desktop"), (untold, None)):
        event(who, "Product Viewed", ago(days=2), device=device)
    for value, expected in ((["mobile", "tablet"], {phone.pk}), (["desktop"], {desk.pk}), (["other"], set())):
        where = [{"property": "device", "op": "is_any_of", "value": value}]
        asked = segment({"event": "Product Viewed", "where": where, "in_last_days": 7})
        rebuild_waiting()
        assert members(asked) == expected
    with pytest.raises(Refusal):
        where = [{"property": "device", "op": "is_any_of", "value": ["toaster"]}]
        parse(rule({"event": "Product Viewed", "where": where}))
