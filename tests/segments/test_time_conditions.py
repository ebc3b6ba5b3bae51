"""Stages and segments with time, lots, the top N %: against the oracle, with clocks moving, and at their edges."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from config.kit import clock
from config.kit.refusal import Refusal
from segments.demo_parts import install_examples
from segments.models import FigureCut, Segment
from segments.ready.demo import EXAMPLES
from segments.rules.as_of import AsOf
from segments.rules.cuts import plain
from segments.rules.parse import parse
from segments.rules.words import Words
from segments.services import cuts
from segments.services.explain import explain
from segments.services.order import referred
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.segments import create_segment
from tests.clock import move_to
from tests.oracle_time import cut_of
from tests.segments.shop import ago, customer, members, rule, segment
from tests.segments.strategies import MONEY, NOWS, STAGES, calendars, instants, segment_times, values
from tests.segments.test_exact import PATIENCE, SHOPS, check, chosen, profile
from tests.segments.test_habits import among
from tests.segments.world import World
from users.models import Standing
from users.services.touch import touch
from users.topics import TouchTopic

TOP = {"top": 50, "by": "revenue"}
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
"""In the shop's zone: the cuts of the day have been due for hours."""


def somebody_lives(data: st.DataObject, world: World) -> None:
    person = world.arrives(data.draw(values(world.now)), {}, set())
    times = sorted(data.draw(st.sets(instants(world.now), max_size=4)))
    for at in times:
        world.moves(person, at, data.draw(STAGES))


def time_passes(data: st.DataObject, world: World) -> None:
    world.now += data.draw(
        st.sampled_from([timedelta(0), timedelta(microseconds=1), timedelta(hours=9), timedelta(days=1),
                         timedelta(days=7), timedelta(days=31)])
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.timeout(PATIENCE)
@profile(SHOPS or 12)
@given(data=st.data(), now=NOWS)
def test_both_physical_forms_select_what_the_oracle_selects(data: st.DataObject, now: datetime) -> None:
    with transaction.atomic():
        world = World.empty(now)
        for _ in range(3):
            somebody_lives(data, world)
        for _ in range(5):
            raw = among([data.draw(calendars())])
            asked = parse(raw)
            assert parse(asked.write()) == asked
            for everybody in (True, False):
                found = asked.customers(AsOf(now, everybody=everybody))
                assert set(found.values_list("pk", flat=True)) == chosen(raw, world, now), raw
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(PATIENCE)
@profile(SHOPS or 10)
@given(data=st.data(), start=NOWS)
def test_time_and_new_cuts_are_followed(data: st.DataObject, start: datetime) -> None:
    """Figures change with their touch, cuts are measured anew, other segments come and go."""
    world = World.empty(start)
    for _ in range(3):
        somebody_lives(data, world)
    made: list[Segment] = []
    for number in range(4):
        within = segment_times(tuple(one.pk for one in made)) if number > 1 else calendars()
        raw = among([data.draw(within)])
        made.append(create_segment(name=f"S{number}", rule=raw, by=None, means_everyone=True))
    rebuild_waiting(start)
    for _ in range(3):
        time_passes(data, world)
        for who in list(world.people.values())[: data.draw(st.integers(0, 2))]:
            world.changes(who, {"revenue": data.draw(MONEY), "orders": data.draw(st.integers(0, 3))})
        if data.draw(st.booleans()):
            cuts.measure_daily(world.now)
        assert refresh(world.now).failed == ()  # type: ignore[union-attr]  # it waits, so it runs
        check(world, made)


def spent(*amounts: int) -> list[int]:
    return [customer(revenue=amount).pk for amount in amounts]


@pytest.mark.django_db(transaction=True)
def test_a_new_cut_concerns_only_those_between_it_and_the_old_one() -> None:
    move_to(NOON)
    poor, first, second, rich, nobody = spent(100, 200, 300, 400, 0)
    best = segment(TOP)
    assert members(best) == {second, rich}
    assert FigureCut.objects.get().value == 300
    Standing.objects.filter(pk__in=[poor, first]).update(revenue=1000)
    touch([poor, first], TouchTopic.ORDERS)
    start = clock.now()
    refresh(start)
    assert members(best) == {poor, first, second, rich}
    assert cuts.measure_daily(start + timedelta(days=1)) == 1
    assert cuts.measure_daily(start + timedelta(days=1)) == 0
    refresh(start + timedelta(days=1, seconds=1))
    assert members(best) == {poor, first}
    looked_at = best.runs.order_by("-run").values_list("checked", flat=True)[0]
    assert looked_at == 2  # 300 and 400 lie between the cuts of 300 and 1000
    assert nobody not in members(best)


@pytest.mark.django_db(transaction=True)
def test_ties_at_the_cut_are_in_and_without_any_figure_nobody_is() -> None:
    people = spent(300, 200, 200, 100)
    assert members(segment({"top": 50, "by": "revenue"})) == set(people[:3])
    by_ltv = segment({"top": 10, "by": "predicted_ltv"})
    assert members(by_ltv) == set()
    assert FigureCut.objects.get(figure="predicted_ltv").value is None
    assert cut_of([300, 200, 200, 100], 50) == 200


@pytest.mark.django_db(transaction=True)
def test_the_cut_in_force_is_part_of_the_reason() -> None:
    rich, poor = spent(30_000, 10_000)
    best = segment(TOP)
    reason = explain(best, poor, clock.now()).root.parts[0]
    assert not reason.holds
    assert reason.sentence == "is in the top 50 % by money spent in life"
    assert reason.actual.startswith("$100.00; the cut is $300.00, of 2 customers above zero, measured ")
    assert explain(best, rich, clock.now()).matches
    FigureCut.objects.all().delete()
    assert explain(best, rich, clock.now()).root.parts[0].actual.endswith("of 2 customers above zero")


@pytest.mark.django_db
def test_a_lot_is_for_ever_and_evenly_drawn() -> None:
    people = [customer().pk for _ in range(400)]

    def drawn(salt: str, first: int, last: int) -> set[int]:
        asked = parse(rule({"bucket": salt, "from": first, "to": last}))
        return set(asked.customers(AsOf(clock.now())).values_list("pk", flat=True))

    half = drawn("spring", 1, 50)
    assert half == drawn("spring", 1, 50)
    assert half | drawn("spring", 51, 100) == set(people)
    assert not half & drawn("spring", 51, 100)
    assert 140 < len(half) < 260
    assert half != drawn("autumn", 1, 50)


@pytest.mark.django_db(transaction=True)
def test_stages_by_their_length_and_in_the_past() -> None:
    now = clock.now()
    long, short = (
        customer(stage="dormant", stage_at=ago(days=20)),
        customer(stage="dormant", stage_at=ago(days=3)),
    )
    asleep = segment({"in_stage": "dormant", "op": "for_at_least", "days": 14})
    lately = segment({"in_stage": "dormant", "op": "for_at_most", "days": 14})
    assert (members(asleep), members(lately)) == ({long.pk}, {short.pk})
    reasons = explain(asleep, short.pk, now)
    assert reasons.turns_at is not None
    assert abs(reasons.turns_at - now - timedelta(days=11)) < timedelta(minutes=1)
    refresh(now + timedelta(days=12))
    assert (members(asleep), members(lately)) == ({long.pk, short.pk}, set())


REFUSED = [
    ({"in_stage": "prospect", "op": "was"}, "unknown_choice", "in_stage"),
    ({"in_stage": "dormant", "op": "for_at_least"}, "missing_key", ""),
    ({"in_stage": "dormant", "op": "was", "days": 3}, "unknown_key", ""),
    ({"in_stage": "dormant", "op": "was", "in_next_days": 3}, "bad_window", "in_next_days"),
    ({"segment_time": 4711, "op": "entered"}, "unknown_segment", "segment_time"),
    ({"bucket": "x", "from": 60, "to": 50}, "out_of_range", "to"),
    ({"bucket": " ", "from": 1, "to": 50}, "empty_text", "bucket"),
    ({"top": 100, "by": "revenue"}, "out_of_range", "top"),
    ({"top": 10, "by": "city"}, "not_a_number", "by"),
    ({"top": 10, "by": "nothing"}, "unknown_field", "by"),
    ({"festival": "halloween", "op": "in_days", "days": 1}, "unknown_choice", "festival"),
    ({"festival": "qixi", "op": "in_days", "days": 91}, "out_of_range", "days"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("raw", "code", "key"), REFUSED)
def test_what_makes_no_sense_is_refused_with_its_place(raw: dict[str, Any], code: str, key: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(rule(raw))
    assert (refused.value.code, refused.value.field) == (code, f"root.all[0].{key}".rstrip("."))


@pytest.mark.django_db(transaction=True)
def test_sentences_and_references() -> None:
    child = segment({"field": "city", "op": "is_known"}, name="Known")
    entered = {"segment_time": child.pk, "op": "entered", "in_last_days": 3}
    sentences = {
        "entered the segment “Known” in the last 3 days": entered,
        "left the segment “Known” at any time": {"segment_time": child.pk, "op": "left"},
        "has been in the segment “Known” for at most 3 days": {
            "segment_time": child.pk, "op": "for_at_most", "days": 3},
        "was in the stage “Churned” in the last 60 days": {
            "in_stage": "churned", "op": "was", "in_last_days": 60},
        "has been in the stage “Dormant” for at least 14 days": {
            "in_stage": "dormant", "op": "for_at_least", "days": 14},
        "Mid-Autumn Festival is within the next 7 days, today included": {
            "festival": "mid_autumn", "op": "within_days", "days": 7},
        "drew one of the lots 1 to 50 of 100 in “x”": {"bucket": "x", "from": 1, "to": 50},
        "the anniversary of registration is today": {
            "field": "registered_at", "op": "anniversary_in_days", "value": 0},
    }  # fmt: skip
    for sentence, condition in sentences.items():
        assert parse(rule(condition)).sentence(Words()) == f"Customers: {sentence}."
        with translation.override("zh-hans"):
            told = parse(rule(condition)).sentence(Words()).replace("Known", "")
        assert not any("a" <= letter <= "w" for letter in told), told
    assert referred(rule(entered)) == {child.pk}
    assert parse(rule(entered)).segments() == {child.pk}


@pytest.mark.django_db
def test_figures_are_told_without_the_zeros_that_are_kept() -> None:
    assert plain("300.000000000000") == 300
    assert plain("2.500000000000") == Decimal("2.5")


@pytest.mark.django_db(transaction=True)
def test_the_demo_shop_has_some_of_each_once() -> None:
    for _again in range(2):
        install_examples()
    assert len(rebuild_waiting()) == len(EXAMPLES)
    assert not Segment.objects.exclude(error="").exists()
