"""The machine of stages: by hand, by brute force, and the same in SQL over any order of arrival."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from config.kit import clock
from config.kit.refusal import Refusal
from tests.clock import move_to
from tests.settling import accept_thresholds
from tests.users.door import customer, send, visit
from users.lifecycle import Move, Thresholds, moves, next_move_at, stage_at
from users.models import Customer, Event, LongJob, MoveCause, Outbox, Stage, StageMove, Standing, Touched
from users.reports.customer import timeline
from users.services import long_jobs, stages

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = Thresholds(new_for=14 * DAY, dormant_after=30 * DAY, churned_after=90 * DAY, returning_for=30 * DAY)


def day(number: float) -> datetime:
    return START + number * DAY


def story(*days: float) -> list[tuple[float, str]]:
    """The moves that activity on these days brings: (day, stage)."""
    return [((move.at - START) / DAY, move.to_stage.value) for move in moves(map(day, days), RULE)]


def test_one_visit_grows_old_falls_silent_and_stays_silent() -> None:
    assert story(0) == [(0, "new"), (14, "active"), (30, "dormant"), (90, "churned")]


def test_who_comes_back_is_returning_for_a_while() -> None:
    assert story(0, 40, 60) == [
        (0, "new"), (14, "active"), (30, "dormant"), (40, "returning"), (70, "active"), (90, "dormant"),
        (150, "churned"),
    ]  # fmt: skip


def test_who_comes_back_at_the_very_instant_was_never_dormant_and_yet_returns() -> None:
    assert story(0, 30)[:3] == [(0, "new"), (14, "active"), (30, "returning")]


def test_a_return_within_a_return_is_no_move() -> None:
    rule = Thresholds(14 * DAY, 30 * DAY, 90 * DAY, returning_for=60 * DAY)
    found = moves([day(0), day(40), day(70)], rule)
    assert [(m.at, m.to_stage) for m in found if m.to_stage is Stage.RETURNING] == [
        (day(40), Stage.RETURNING)
    ]


def test_next_move_is_the_first_that_time_alone_will_bring() -> None:
    found = moves([day(0)], RULE)
    assert next_move_at(found, day(14)) == day(30)
    assert next_move_at(found, day(90)) is None


thresholds = st.builds(
    lambda new, more, churn, back: Thresholds(
        new * DAY, (new + more) * DAY, (new + more + churn) * DAY, back * DAY
    ),
    new=st.integers(2, 10),
    more=st.integers(0, 10),
    churn=st.integers(1, 20),
    back=st.integers(1, 25),
)
# Half days, so that edges are met exactly again and again.
halves = st.lists(st.integers(0, 160).map(lambda n: n / 2), max_size=12)


@given(halves, thresholds)
@settings(max_examples=300, deadline=None)
def test_moves_are_where_the_definition_changes_its_answer(activity: list[float], rule: Thresholds) -> None:
    instants = [day(number) for number in activity]
    found = moves(instants, rule)
    assert all(before.to_stage is after.from_stage for before, after in pairwise(found))
    edge = timedelta(microseconds=1)
    for t in {day(n / 4) for n in range(-4, 500)} | {m.at - edge for m in found} | {m.at for m in found}:
        last = next((move.to_stage for move in reversed(found) if move.at <= t), Stage.PROSPECT)
        assert last is stage_at(t, instants, rule)


def on_record(user: str) -> list[Move]:
    rows = StageMove.objects.filter(customer=customer(user), superseded_at=None).order_by("at")
    return [Move(r.at, Stage(r.from_stage), Stage(r.to_stage), MoveCause(r.cause)) for r in rows]


def check(user: str, activity: list[datetime], now: datetime, rule: Thresholds = RULE) -> None:
    """What the database says of a customer is what the machine says over the activity known so far."""
    standing = Standing.objects.get(customer=customer(user))
    expected = moves(activity, rule)
    so_far = [move for move in expected if move.at <= now]
    assert on_record(user) == so_far
    assert standing.stage == stage_at(now, activity, rule)
    assert standing.stage_at == (so_far[-1].at if so_far else None)
    assert standing.next_move_at == next_move_at(expected, now)
    assert (standing.first_activity_at, standing.last_activity_at) == (min(activity), max(activity))
    assert standing.active_days == len({(instant + timedelta(hours=8)).date() for instant in activity})


# Each step: days of activity that arrive together (up to 5 minutes ahead counts as "now"), then time passes.
steps = st.lists(
    st.tuples(
        st.lists(st.integers(0, 200).map(lambda n: n / 2), max_size=4),
        st.integers(0, 60).map(lambda n: n / 2),
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.django_db
@given(steps=steps)
@settings(max_examples=30, deadline=None)
def test_the_database_agrees_with_the_machine_whatever_arrives_when(
    steps: list[tuple[list[float], float]],
) -> None:
    with transaction.atomic():
        today = 0.0
        known: list[datetime] = []
        move_to(day(today))
        for days, passing in steps:
            now = clock.now()
            known_now = [min(day(n), now + timedelta(minutes=5)) for n in days]
            if known_now:
                send(*(visit(at=instant, user="alice") for instant in known_now))
            known += known_now
            if known:
                check("alice", known, now)
            today += passing
            now = move_to(day(today))
            stages.move_stages(now)
            if known:
                check("alice", known, now)
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_the_clock_catches_up_each_move_with_its_own_instant() -> None:
    now = move_to(day(0))
    send(visit(at=now, user="alice"))
    Touched.objects.all().delete()
    later = move_to(now + 100 * DAY)
    assert stages.move_stages(later) == 3
    assert [(m.at, m.to_stage) for m in on_record("alice")[1:]] == [
        (now + 14 * DAY, "active"),
        (now + 30 * DAY, "dormant"),
        (now + 90 * DAY, "churned"),
    ]
    assert set(StageMove.objects.values_list("noticed_at", flat=True)[1:]) == {later}
    assert set(Touched.objects.values_list("topic", flat=True)) == {"stage"}
    assert stages.move_stages(later) == 0


@pytest.mark.django_db
def test_a_late_event_leaves_what_was_believed_on_record() -> None:
    move_to(day(40))
    send(visit(at=day(0), user="alice"))
    assert Standing.objects.get().stage == "dormant"
    send(visit(at=day(20), user="alice"))
    assert Standing.objects.get().stage == "active"
    believed = StageMove.objects.get(to_stage="dormant")
    assert (believed.at, believed.superseded_at) == (day(30), clock.now())
    assert on_record("alice")[-1].to_stage is Stage.ACTIVE


@pytest.mark.django_db
def test_the_timeline_tells_of_one_return_when_an_earlier_one_comes_to_light() -> None:
    accept_thresholds()
    move_to(day(0))
    send(visit(at=day(0), user="alice"))
    move_to(day(40))
    send(visit(at=day(40), user="alice"))
    send(visit(at=day(39), user="alice"))
    assert Event.objects.filter(type__name="stage_changed", properties__to="returning").count() == 2
    told = [h.at for h in timeline(customer("alice").pk).happenings if h.sentence == "Became Returning"]
    assert told == [day(39)]


@pytest.mark.django_db
def test_a_return_names_the_event_that_caused_it_and_says_so_once() -> None:
    accept_thresholds()
    move_to(day(40))
    send(visit(at=day(0), user="alice"))
    back = visit(at=day(40), user="alice", message_id="back")
    send(back)
    send(back)
    move = StageMove.objects.get(to_stage="returning")
    assert (move.from_stage, move.cause, move.cause_message_id, move.starts_things) == (
        "dormant",
        "event",
        "back",
        True,
    )
    told = Event.objects.get(type__name="stage_changed")
    assert told.message_id == f"stage:{day(40).isoformat()}:returning"
    assert told.properties == {
        "from": "dormant",
        "to": "returning",
        "at": day(40).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@pytest.mark.django_db
def test_nothing_starts_before_somebody_has_accepted_the_thresholds() -> None:
    move_to(day(40))
    send(visit(at=day(0), user="alice"), visit(at=day(40), user="alice"))
    assert Standing.objects.get().stage == "returning"
    assert not StageMove.objects.filter(starts_things=True).exists()
    assert not Event.objects.filter(type__name="stage_changed").exists()
    accept_thresholds()
    assert not Event.objects.filter(type__name="stage_changed").exists()  # nor is anything made up for
    now = move_to(day(70.5))
    assert stages.move_stages(now) == 1
    assert [m.to_stage for m in StageMove.objects.filter(starts_things=True)] == ["dormant"]


@pytest.mark.django_db
def test_a_worker_that_began_earlier_takes_no_move_back() -> None:
    move_to(day(40))
    send(visit(at=day(0), user="alice"), visit(at=day(40), user="alice"))
    move_to(day(40) - timedelta(minutes=1))
    send(visit(at=day(40), user="alice"))
    assert Standing.objects.get().stage == "returning"
    assert not StageMove.objects.exclude(superseded_at=None).exists()


@pytest.mark.django_db
def test_a_move_noticed_too_late_starts_nothing() -> None:
    move_to(day(40))
    send(visit(at=day(0), user="alice"))
    assert not StageMove.objects.filter(starts_things=True).exists()
    assert not Event.objects.filter(type__name="stage_changed").exists()


@pytest.mark.django_db
def test_new_thresholds_move_everybody_and_start_nothing() -> None:
    now = move_to(day(40))
    send(visit(at=day(15), user="alice"), visit(at=day(30), user="bob"))
    before = Event.objects.count()
    job = stages.accept_rule(new_for=5, dormant_after=10, churned_after=20, returning_for=5, by=None)
    assert long_jobs.run_due() == 2
    job.refresh_from_db()
    assert (job.state, job.done) == (LongJob.State.DONE, Customer.objects.count())
    rule = stages.thresholds_of(stages.rule_in_force())
    for user, seen in (("alice", day(15)), ("bob", day(30))):
        standing = Standing.objects.get(customer=customer(user))
        assert standing.stage == stage_at(now, [seen], rule)
        assert standing.stage_at == moves([seen], rule)[-1 if user == "alice" else 2].at
    fresh = StageMove.objects.filter(rule_version=stages.rule_in_force().version)
    assert {(m.cause, m.starts_things) for m in fresh} == {("rule", False)}
    assert (Event.objects.count(), Outbox.objects.count()) == (before, 0)


@pytest.mark.django_db
def test_activity_between_new_thresholds_and_their_recomputation_ends_as_if_they_had_always_held() -> None:
    days = {"young": [35.0], "old": [0.0, 20], "back": [0.0, 36, 39], "quiet": [25.0], "late": [20.0, 39]}
    now = move_to(day(40))
    send(*(visit(at=day(at), user=user) for user, seen in days.items() for at in seen))
    stages.accept_rule(new_for=5, dormant_after=10, churned_after=20, returning_for=5, by=None)
    for user, at in (("young", 40), ("old", 40), ("back", 39.75), ("quiet", 40), ("late", 30.0)):
        days[user].append(at)
        send(visit(at=day(at), user=user))
    long_jobs.run_due()
    rule = stages.thresholds_of(stages.rule_in_force())
    for user, seen in days.items():
        expected = moves(map(day, seen), rule)
        standing = Standing.objects.get(customer=customer(user))
        assert [(m.at, m.to_stage) for m in on_record(user)] == [
            (m.at, m.to_stage) for m in expected if m.at <= now
        ]
        assert (standing.stage, standing.next_move_at) == (
            stage_at(now, map(day, seen), rule), next_move_at(expected, now),
        )  # fmt: skip
        assert (standing.last_activity_at, standing.active_days) == (day(max(seen)), len(seen))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("new_for", "dormant_after", "churned_after", "returning_for"),
    [(0, 30, 90, 30), (31, 30, 90, 30), (1, 1, 90, 30), (14, 30, 30, 30), (14, 30, 90, 0)],
)
def test_thresholds_out_of_order_are_refused(
    new_for: int, dormant_after: int, churned_after: int, returning_for: int
) -> None:
    with pytest.raises(Refusal) as refused:
        stages.accept_rule(
            new_for=new_for,
            dormant_after=dormant_after,
            churned_after=churned_after,
            returning_for=returning_for,
            by=None,
        )
    assert refused.value.code == "thresholds_out_of_order"
