"""Segments computed together: the same as one by one, and none of them can spoil it for the others."""

import threading
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.kit.batches import execute, fetch
from config.kit.locks import at_work
from segments.models import Membership, MembershipChange, Run, Segment, SegmentState
from segments.services import difference, wave
from segments.services import rebuild as rebuilding
from segments.services.rebuild import rebuild_waiting
from segments.services.segments import create_segment, edit_segment
from tests.segments.shop import ago, customer, event, members, rule
from tests.segments.strategies import Json, conditions, happenings
from tests.segments.test_concurrency import in_another_session, sleeping, until
from tests.segments.test_exact import chosen, populate
from tests.segments.world import World
from tests.segments.zones import instants_of
from users.models import Customer

pytestmark = pytest.mark.django_db(transaction=True)

FROM_THE_START = 1
NEVER = 1_000


def viewed(times: int = 1, **more: Any) -> Json:
    return {"event": "Product Viewed", "op": "did", "at_least": times, "in_last_days": 30, **more}


DID_NOT = {"event": "Product Viewed", "op": "did_not", "in_last_days": 30}


def waiting(*conditions: Json) -> list[Segment]:
    return [
        create_segment(name=f"S{number}", rule=rule(one), by=None) for number, one in enumerate(conditions)
    ]


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of what was looked up together."""
    filled, fill = list[str](), wave._fill

    def noted(table: str, scan: Any, *more: Any) -> bool:
        filled.append(scan.key)
        return fill(table, scan, *more)

    monkeypatch.setattr(wave, "_fill", noted)
    return filled


@pytest.fixture
def viewers() -> list[Customer]:
    """Who viewed no, one, two and three times."""
    people = [customer() for _number in range(4)]
    for times, who in enumerate(people):
        for day in range(times):
            event(who, "Product Viewed", ago(days=1 + day))
    return people


# --- The same as one by one ---------------------------------------------------------------------------------


@st.composite
def alike(draw: st.DrawFn) -> list[Json]:
    """Rules around one condition on what happened, with other bounds each."""
    base = draw(happenings())
    bounds = {"at_least", "at_most"}
    is_counted = base["op"] in {"did", "did_not"}
    rules = []
    for _number in range(draw(st.integers(3, 4))):
        asked = dict(base)
        if is_counted and draw(st.booleans()):
            asked = {key: value for key, value in base.items() if key not in bounds} | {"op": "did_not"}
        elif is_counted or bounds & base.keys():
            least = draw(st.integers(1, 3))
            asked |= {"op": "did"} if is_counted else {}
            asked = {key: value for key, value in asked.items() if key not in bounds}
            asked |= draw(st.sampled_from([{"at_least": least}, {"at_most": least}]))
        how = draw(st.sampled_from(["all", "any", "none"]))
        parts = [asked, *draw(st.lists(conditions(()), max_size=1))]
        rules.append({"version": 1, "root": {how: parts}})
    return rules


def lived(before: list[Json], after: list[Json], now: Any) -> list[Any]:
    """Everything that is on record once segments were made, computed, edited and computed again."""
    for model in (Membership, MembershipChange):
        model.objects.all().delete()
    execute("DELETE FROM segments_segmentrun; DELETE FROM segments_run; DELETE FROM segments_segmentversion;"
            " DELETE FROM segments_segment")  # fmt: skip
    made = [
        create_segment(name=f"S{number}", rule=raw, by=None, means_everyone=True)
        for number, raw in enumerate(before)
    ]
    rebuild_waiting(now)
    for segment, raw in zip(made, after, strict=False):
        edit_segment(segment, rule=raw, by=None, means_everyone=True)
    rebuild_waiting(now)
    kept = Segment.objects.order_by("name").values_list(
        "name", "size", "state", "error", "computed_at", "computed_version"
    )
    log = MembershipChange.objects.values_list("segment__name", "customer_id", "entered", "at", "cause")
    stayed = Membership.objects.values_list("segment__name", "customer_id", "entered_at")
    return [list(kept), sorted(log), sorted(stayed), Run.objects.count()]


@pytest.mark.timeout(300)
def test_together_is_the_same_as_one_by_one(tables: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    @settings(
        max_examples=12,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(data=st.data(), now=st.sampled_from(instants_of("Asia/Shanghai")))
    def lives(data: st.DataObject, now: Any) -> None:
        world = World.empty(now)
        populate(data, world, people=5)
        before, after = data.draw(alike()), data.draw(alike())
        monkeypatch.setattr(wave, "SHARED_FROM", FROM_THE_START)
        together = lived(before, after, now)
        for segment in Segment.objects.all():
            assert segment.rule is not None
            assert members(segment) == chosen(segment.rule, world, now)
        monkeypatch.setattr(wave, "SHARED_FROM", NEVER)
        assert lived(before, after, now) == together

    lives()
    assert len(tables) > 12, "hardly anything was shared"


def test_rules_that_differ_in_bounds_look_once(tables: list[str], viewers: list[Customer]) -> None:
    never, once, twice, thrice = (who.pk for who in viewers)
    made = waiting(
        viewed(), viewed(2), DID_NOT, viewed(0, at_most=1), viewed(1, at_most=2),
        viewed(1, where=[{"property": "category", "op": "equals", "value": "Jazz"}]), viewed(1, in_last_days=29),
    )  # fmt: skip

    assert rebuild_waiting() == [*made[:5], *made[5:]]

    assert len(tables) == 1
    assert [members(one) for one in made] == [
        {once, twice, thrice}, {twice, thrice}, {never}, {never, once}, {once, twice}, set(), {once, twice, thrice},
    ]  # fmt: skip


def test_two_that_look_for_the_same_are_computed_one_by_one(tables: list[str]) -> None:
    made = waiting(viewed(), viewed(2))
    assert wave.wave(made) == made[:1]
    rebuild_waiting()
    assert tables == []


def test_a_wave_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wave, "MOST_SEGMENTS", 4)
    made = waiting(*(viewed(1 + number) for number in range(6)))
    assert wave.wave(made) == made[:4]
    assert len(rebuild_waiting()) == 6


# --- None spoils it for the others --------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.0, 0.001])
def test_what_takes_too_long_to_look_up_is_looked_up_by_each(
    seconds: float, viewers: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wave, "LOOKING_SECONDS", seconds)
    monkeypatch.setattr(wave, "ids", lambda rows: ("SELECT 1 AS customer_id, pg_sleep(5)", []))
    before = fetch("SHOW statement_timeout")
    made = waiting(viewed(), viewed(2), viewed(3))
    assert rebuild_waiting() == made
    assert [len(members(one)) for one in made] == [3, 2, 1]
    assert fetch("SHOW statement_timeout") == before


def test_one_that_fails_leaves_the_others_alone(
    viewers: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = waiting(viewed(), viewed(2), viewed(3), DID_NOT)
    gone = {**rule(viewed(), {"field": "gone", "op": "is_known"})}
    Segment.objects.filter(pk=made[0].pk).update(rule=gone)

    def fails_for_one(segment: Segment, *arguments: Any) -> Any:
        if segment.pk == made[2].pk:
            execute("SELECT 1 / 0")
        return difference.apply_to_everybody(segment, *arguments)

    monkeypatch.setattr(rebuilding, "apply_to_everybody", fails_for_one)
    rebuild_waiting()

    for one in made:
        one.refresh_from_db()
    assert [one.state for one in made] == ["retired", "live", "failed", "live"]
    assert "division by zero" in made[2].error
    assert members(made[1]) == {viewers[2].pk, viewers[3].pk}
    assert members(made[3]) == {viewers[0].pk}
    assert at_work() == set()


# --- Edited in the midst of it ------------------------------------------------------------------------------


@pytest.mark.parametrize("edited", [0, 1, 2], ids=["done already", "under way", "still to come"])
def test_an_edit_calls_off_the_wave_and_the_rest_comes_about_all_the_same(
    edited: int, viewers: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = waiting(viewed(), viewed(2), viewed(3))
    slept = list[bool]()

    def slow_for_the_second(segment: Segment, *arguments: Any) -> Any:
        if (
            not slept
            and segment.pk == made[1].pk
            and threading.current_thread() is not threading.main_thread()
        ):
            slept.append(True)
            execute("SELECT pg_sleep(55)")
        return difference.apply_to_everybody(segment, *arguments)

    monkeypatch.setattr(rebuilding, "apply_to_everybody", slow_for_the_second)
    problems: list[BaseException] = []
    worker = in_another_session(rebuild_waiting, problems)
    until(lambda: sleeping() and at_work() == {one.pk for one in made})
    began = time.monotonic()

    edit_segment(made[edited], by=None, rule=rule(DID_NOT))
    saved = time.monotonic() - began
    worker.join(timeout=30)

    assert saved < 3, "saving waited for the wave"
    assert time.monotonic() - began < 10
    assert problems == []
    expected = [{who.pk for who in viewers[times:]} for times in (1, 2, 3)]
    expected[edited] = {viewers[0].pk}
    for one, wanted in zip(made, expected, strict=True):
        one.refresh_from_db()
        assert one.state == SegmentState.LIVE
        assert members(one) == wanted
        assert MembershipChange.objects.filter(segment=one).count() == len(wanted)
    assert made[edited].computed_version == 2
    assert at_work() == set()


# --- Longer than a job may take -----------------------------------------------------------------------------


def slow(monkeypatch: pytest.MonkeyPatch, which: Segment, seconds: float) -> None:
    """Let one segment take that long, and the look-ups of a wave some time as well."""

    def computed(segment: Segment, *arguments: Any) -> Any:
        if segment.pk == which.pk:
            execute("SELECT pg_sleep(%s)", [seconds])
        return difference.apply_to_everybody(segment, *arguments)

    monkeypatch.setattr(rebuilding, "apply_to_everybody", computed)


def states(made: list[Segment]) -> list[str]:
    return [Segment.objects.get(pk=one.pk).state for one in made]


def test_one_that_does_not_fit_beside_the_look_ups_goes_alone_from_then_on(
    tables: list[str], viewers: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With eight seconds of look-ups and twenty of its own it would meet the limit of the job every time."""
    made = waiting(viewed(), viewed(2), viewed(3), DID_NOT)
    slow(monkeypatch, made[0], 0.6)
    monkeypatch.setattr(rebuilding, "LONGEST", 0.4)
    assert rebuild_waiting(seconds=0.3) == []
    assert states(made) == ["needs_rebuild"] * 4
    assert not Run.objects.exists(), "as if it had not been begun"

    monkeypatch.setattr(rebuilding, "LONGEST", 5.0)
    tables.clear()
    assert rebuild_waiting(seconds=0.3) == made[:1]
    assert tables == [], "it went alone"
    assert rebuild_waiting() == made[1:]
    assert len(tables) == 1, "the others go together"
    assert [len(members(one)) for one in made] == [3, 2, 1, 1]


def test_with_another_rule_it_goes_with_the_others_again(viewers: list[Customer]) -> None:
    made = waiting(viewed(), viewed(2), viewed(3))
    Segment.objects.filter(pk=made[0].pk).update(alone_version=1)
    made[0].refresh_from_db()
    assert wave.wave(made) == made[:1]
    edit_segment(made[0], by=None, rule=rule(viewed(4)))
    assert wave.wave(list(Segment.objects.order_by("pk"))) == made


def test_one_in_the_midst_of_which_a_turn_ends_is_the_first_of_the_next(
    viewers: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = waiting(viewed(), viewed(2), viewed(3))
    slow(monkeypatch, made[1], 0.6)
    monkeypatch.setattr(rebuilding, "LONGEST", 0.4)
    assert rebuild_waiting(seconds=0.3) == made[:1]
    assert states(made) == ["live", "needs_rebuild", "needs_rebuild"]
    assert not Segment.objects.exclude(alone_version=None).exists(), "it had no turn from the beginning"
    monkeypatch.setattr(rebuilding, "LONGEST", 5.0)
    assert rebuild_waiting() == made[1:]


def test_one_that_takes_longer_than_a_job_may_has_failed_and_says_so(
    viewers: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = waiting(viewed(), viewed(2))
    slow(monkeypatch, made[0], 0.6)
    monkeypatch.setattr(rebuilding, "LONGEST", 0.4)
    rebuild_waiting(seconds=0.3)
    rebuild_waiting(seconds=0.3)
    assert states(made) == ["failed", "live"]
    assert "statement timeout" in Segment.objects.get(pk=made[0].pk).error
    assert members(made[1]) == {viewers[2].pk, viewers[3].pk}


def test_look_ups_end_with_the_turn(
    tables: list[str], viewers: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wave that is begun late in a turn has no eight seconds for them."""
    asked = list[float]()
    monkeypatch.setattr(wave, "_fill", lambda table, scan, now, ends: asked.append(ends - time.monotonic()))
    waiting(viewed(), viewed(2), viewed(3))
    rebuild_waiting(seconds=2)
    assert asked and all(seconds <= 2 for seconds in asked)
