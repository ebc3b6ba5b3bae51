"""Runs beside intake, edits, joins, erasures, a second refresher and kills: nothing lost, nothing told twice."""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connections, transaction

import users.handlers
from config.kit import clock
from config.kit.batches import execute, fetch
from config.kit.locks import Lock, at_work, is_held
from segments.models import Membership, MembershipChange, Segment, SegmentState
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.services import difference
from segments.services import rebuild as rebuilding
from segments.services import refresh as refreshing
from segments.services.audit import audit
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.segments import edit_segment
from tests.faults.dispatcher import in_own_process, kill
from tests.segments.shop import ago, customer, event, members, rule, segment, tagged
from users.models import Customer, CustomerTag, Event
from users.services.erase import erase
from users.services.joining import join
from users.services.relay import relay
from users.services.touch import touch
from users.topics import TouchTopic

pytestmark = pytest.mark.django_db(transaction=True)

VIP = {"collection": "tags", "op": "has_any_of", "value": ["VIP"]}
VIEWED = {"event": "Product Viewed", "op": "did", "in_last_days": 30}
CITY = {"field": "city", "op": "equals"}


def in_another_session(act: Callable[[], Any], problems: list[BaseException]) -> threading.Thread:
    def session() -> None:
        try:
            act()
        except BaseException as problem:
            problems.append(problem)
        finally:
            connections.close_all()

    thread = threading.Thread(target=session)
    thread.start()
    return thread


def until(what: Callable[[], bool], seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.01)


def sleeping() -> bool:
    return bool(
        fetch("SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(5%' AND state = 'active'")
    )


@pytest.fixture
def slow_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first rebuild of another session takes a minute; the others are as quick as ever."""
    quick, slept = difference.apply_to_everybody, list[bool]()

    def slow(*arguments: Any) -> Any:
        if not slept and threading.current_thread() is not threading.main_thread():
            slept.append(True)
            execute("SELECT pg_sleep(55)")
        return quick(*arguments)

    monkeypatch.setattr(rebuilding, "apply_to_everybody", slow)


def test_an_edit_calls_off_the_rebuild_of_the_older_rule_at_once(slow_once: None) -> None:
    first, second = customer(city="A"), customer(city="B")
    found = segment_waiting("A")
    problems: list[BaseException] = []
    worker = in_another_session(lambda: rebuild_waiting(wait=True), problems)
    until(lambda: sleeping() and found.pk in at_work())
    began = time.monotonic()

    edit_segment(found, by=None, rule=rule({**CITY, "value": "B"}))
    worker.join(timeout=30)

    assert time.monotonic() - began < 10
    assert problems == []
    found.refresh_from_db()
    assert (found.computed_version, found.state) == (2, SegmentState.LIVE)
    assert members(found) == {second.pk}
    assert not MembershipChange.objects.filter(customer=first).exists()
    assert at_work() == set()


def segment_waiting(city: str) -> Segment:
    made = segment({**CITY, "value": "nowhere"})
    Segment.objects.filter(pk=made.pk).update(rule=rule({**CITY, "value": city}), state="needs_rebuild")
    return made


def test_an_edit_of_another_segment_disturbs_no_rebuild(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "apply_to_everybody", _after(0.3, difference.apply_to_everybody))
    who = customer(city="A")
    other = segment({**CITY, "value": "B"})
    found = segment_waiting("A")
    problems: list[BaseException] = []
    worker = in_another_session(lambda: rebuild_waiting(wait=True), problems)
    until(lambda: found.pk in at_work())
    edit_segment(other, by=None, name="Another name")
    worker.join(timeout=30)
    assert problems == []
    assert members(Segment.objects.get(pk=found.pk)) == {who.pk}


def _after(seconds: float, act: Callable[..., Any]) -> Callable[..., Any]:
    def later(*arguments: Any) -> Any:
        time.sleep(seconds)
        return act(*arguments)

    return later


# --- Killed in mid-run --------------------------------------------------------------------------------------


@pytest.fixture
def listened(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("segment_entered", "segment_left"):
        monkeypatch.setitem(users.handlers._by_event, name, ["test.listens"])


def told(of: Segment) -> list[tuple[int, str]]:
    rows = Event.objects.filter(type__name__in=["segment_entered", "segment_left"], properties__segment=of.pk)
    return sorted(rows.values_list("customer_id", "type__name"))


def logged(of: Segment) -> list[tuple[int, str]]:
    rows = MembershipChange.objects.filter(segment=of, cause__in=["event", "clock"])
    return sorted(
        (who, f"segment_{'entered' if came else 'left'}")
        for who, came in rows.values_list("customer_id", "entered")
    )


@pytest.mark.faults
def test_a_refresher_killed_in_mid_run_loses_nothing(listened: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """kill -9, then pg_terminate_backend, between the first segment's difference and the commit."""
    people = [customer() for _number in range(4)]
    found, other = segment(VIP), segment(VIEWED)
    refresh()
    for who in people:
        tagged(who, "VIP")
        event(who, "Product Viewed", ago(days=1))

    def hang(*_arguments: Any) -> None:
        execute("SELECT pg_sleep(5.1)")

    with monkeypatch.context() as patch:
        patch.setattr(refreshing, "announce", hang)
        worker = in_own_process(refresh)
        until(sleeping)
        kill(worker)
        assert members(found) == set()
        until(lambda: not is_held(Lock.SEGMENT_RUN))

        problems: list[BaseException] = []
        thread = in_another_session(refresh, problems)
        until(sleeping)
        execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(5%'"
                " AND pid <> pg_backend_pid()")  # fmt: skip
        thread.join(timeout=20)
        assert len(problems) == 1
        until(lambda: not is_held(Lock.SEGMENT_RUN))

    done = refresh()
    assert done is not None
    assert done.run.touched == 4
    for one in (found, other):
        assert members(one) == {who.pk for who in people}
        assert told(one) == logged(one) == sorted((who.pk, "segment_entered") for who in people)


# --- Everything at the same time ----------------------------------------------------------------------------

SECONDS = float(os.environ.get("SEGMENT_CHAOS_SECONDS", "4"))


@pytest.fixture
def shop(listened: None) -> Iterator[list[Customer]]:
    people = [customer(city=random.choice("AB")) for _number in range(40)]
    tagged(people[0], "VIP")
    yield people


@dataclass
class Turmoil:
    """What goes on beside the runs: ``free`` stay customers, ``others`` are joined to them or erased."""

    free: list[int]
    others: list[int]
    city: Segment
    tag: int
    viewed: int
    ends: float

    def goes_on(self) -> bool:
        return time.monotonic() < self.ends

    def write(self, seed: int) -> None:
        luck = random.Random(seed)
        while self.goes_on():
            who = luck.choice(self.free)
            with transaction.atomic():
                if luck.random() < 0.5:
                    self._tag(who)
                else:
                    self._view(who, f"x{luck.random()}", luck.choice([1, 29.9999, 31]))

    def _tag(self, who: int) -> None:
        there, _by_model = CustomerTag.objects.filter(customer_id=who, tag_id=self.tag).delete()
        if not there:
            execute(
                "INSERT INTO users_customertag (customer_id, tag_id, tagged_at, source)"
                " VALUES (%s, %s, now(), 'hand') ON CONFLICT DO NOTHING",
                [who, self.tag],
            )
        touch([who], TouchTopic.TAGS)

    def _view(self, who: int, message: str, days: float) -> None:
        now = clock.now()
        Event.objects.create(
            customer_id=who, message_id=message, type_id=self.viewed, received_at=now,
            occurred_at=now - timedelta(days=days),
        )  # fmt: skip
        touch([who], TouchTopic.EVENTS)

    def edit(self) -> None:
        turn = 0
        while self.goes_on():
            turn += 1
            edit_segment(self.city, by=None, rule=rule({**CITY, "value": "AB"[turn % 2]}))
            rebuild_waiting(seconds=5)

    def leave(self) -> None:
        for number, who in enumerate(self.others):
            if number % 2:
                erase(who, by=None, now=clock.now())
            else:
                join(self.free[number], who, now=clock.now(), cause="hand")
                relay()
            time.sleep(SECONDS / 12)

    def refresh(self, *, wait: bool) -> None:
        while self.goes_on():
            refresh(wait=wait)


@pytest.mark.faults
@pytest.mark.timeout(120)
def test_intake_edits_joins_erasures_and_two_refreshers_at_the_same_time(shop: list[Customer]) -> None:
    made = [segment(VIP), segment(VIEWED), segment({**CITY, "value": "A"})]
    made.append(segment({"segment": made[0].pk, "op": "in"}, {"segment": made[1].pk, "op": "not_in"}))
    turmoil = Turmoil(
        free=[one.pk for one in shop[:30]],
        others=[one.pk for one in shop[30:]],
        city=made[2],
        tag=CustomerTag.objects.get().tag_id,
        viewed=event(shop[0], "Product Viewed", ago(days=1)).type_id,
        ends=time.monotonic() + SECONDS,
    )
    acts: list[Callable[[], None]] = [
        partial(turmoil.write, 1), partial(turmoil.write, 2), turmoil.edit, turmoil.leave,
        partial(turmoil.refresh, wait=True), partial(turmoil.refresh, wait=False),
    ]  # fmt: skip
    problems = list[BaseException]()
    for thread in [in_another_session(act, problems) for act in acts]:
        thread.join(timeout=90)
    assert problems == []
    settle_and_check(made)


def settle_and_check(made: list[Segment]) -> None:
    """Everybody is where they belong, the log adds up, and what was announced is what was logged."""
    relay()
    now = clock.now()
    rebuild_waiting(now)
    refresh(now)
    for one in made:
        one.refresh_from_db()
        wanted = set(parse(one.rule).customers(AsOf(now)).values_list("pk", flat=True))
        assert members(one) == wanted
        assert (one.size, one.state, one.computed_at) == (len(wanted), SegmentState.LIVE, now)
        for who in wanted:
            moves = MembershipChange.objects.filter(segment=one, customer=who).order_by("run_id")
            came = list(moves.values_list("entered", flat=True))
            assert came[-1] is True
        alive = set(Customer.objects.living().values_list("pk", flat=True))
        assert Counter(pair for pair in told(one) if pair[0] in alive) == Counter(
            pair for pair in logged(one) if pair[0] in alive
        )
    for one in made:
        drift = audit(one, clock.now())
        assert drift is not None
        assert (drift.entered, drift.left) == (0, 0)
    assert not Membership.objects.exclude(customer__in=Customer.objects.living()).exists()
