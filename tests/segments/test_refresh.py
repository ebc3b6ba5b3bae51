"""Refreshing: what is looked at, what is logged and why, and that nobody is lost to a race."""

import threading
from datetime import timedelta

import pytest
from django.db import connections

import users.handlers
from config.kit import clock
from config.kit.batches import execute, fetch
from config.kit.locks import Lock, session_lock
from segments.models import MembershipChange, Run, Segment, SegmentRun, SegmentState
from segments.rules.parse import parse
from segments.services import affected, joining
from segments.services.audit import audit, audit_due
from segments.services.membership import is_fresh
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.segments import edit_segment
from tests.segments.shop import ago, customer, event, members, rule, segment, tagged
from users.models import Customer, CustomerTag, Event, Outbox, Touched
from users.services.touch import touch
from users.topics import TouchTopic

pytestmark = pytest.mark.django_db(transaction=True)

VIP = {"collection": "tags", "op": "has_any_of", "value": ["VIP"]}
VIEWED = {"event": "Product Viewed", "op": "did", "in_last_days": 30}


def changes(of: Segment) -> list[tuple[int, bool, str]]:
    rows = MembershipChange.objects.filter(segment=of).order_by("run_id", "customer_id")
    return list(rows.values_list("customer_id", "entered", "cause"))


def test_something_happened_or_time_passed() -> None:
    comes, stays = customer(), customer()
    event(stays, "Product Viewed", ago(days=1))
    found = segment(VIEWED)
    event(comes, "Product Viewed", ago(days=29))
    now = clock.now()

    first = refresh(now)
    later = refresh(now + timedelta(days=2))

    assert first is not None
    assert later is not None
    assert (first.entered, first.left, later.entered, later.left) == (1, 0, 0, 1)
    assert changes(found) == [
        (stays.pk, True, "rebuild"),
        (comes.pk, True, "event"),
        (comes.pk, False, "clock"),
    ]
    assert members(found) == {stays.pk}


def test_an_event_ahead_of_the_clock_counts_when_its_time_has_come() -> None:
    who = customer()
    found = segment(VIEWED)
    now = clock.now()
    event(who, "Product Viewed", now + timedelta(minutes=5))
    refresh(now)
    assert members(found) == set()
    refresh(now + timedelta(minutes=6))
    assert members(found) == {who.pk}


def test_only_those_who_can_have_changed_are_looked_at() -> None:
    for _number in range(5):
        customer()
    found = segment(VIEWED)
    refresh()
    who = customer()
    event(who, "Product Viewed", ago(days=1))
    other = customer()
    Touched.objects.filter(customer=other).delete()
    touch([other.pk], TouchTopic.CONSENT)

    done = refresh()

    assert done is not None
    assert done.run.touched == 2
    row = SegmentRun.objects.get(run=done.run, segment=found)
    assert (row.checked, row.entered, row.size) == (1, 1, 1)
    quiet = refresh()
    assert quiet is not None
    assert not SegmentRun.objects.filter(run=quiet.run).exists()
    found.refresh_from_db()
    assert found.computed_at == quiet.run.now


def test_touched_while_a_refresh_is_deleting_loses_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A customer is tagged and touched by another session after the queue was taken, before the commit."""
    first, second = customer(), customer()
    found = segment(VIP)
    tagged(first, "VIP")
    taken = affected.take_touched

    def take_and_let_others_in() -> int:
        count = taken()
        other = threading.Thread(target=in_another_session)
        other.start()
        other.join()
        return count

    def in_another_session() -> None:
        try:
            tagged(second, "VIP")
            touch([first.pk], TouchTopic.TAGS)
        finally:
            connections.close_all()

    monkeypatch.setattr("segments.services.refresh.take_touched", take_and_let_others_in)
    refresh()
    assert members(found) == {first.pk}
    assert Touched.objects.filter(customer=second).exists()

    monkeypatch.undo()
    refresh()
    assert members(found) == {first.pk, second.pk}
    assert not Touched.objects.exists()


def test_writers_and_refreshers_at_the_same_time_end_exact() -> None:
    """Four sessions tag without pause while two refresh: in the end everybody is where they belong."""
    people = [customer() for _number in range(40)]
    tagged(people[0], "VIP")
    found = segment(VIP)
    tag = CustomerTag.objects.get().tag_id
    problems: list[BaseException] = []

    def writer(share: int) -> None:
        for turn in range(25):
            who = people[1 + (share * 25 + turn * 7) % 39]
            execute(
                """
                WITH changed AS (
                    INSERT INTO users_customertag (customer_id, tag_id, tagged_at, source)
                    VALUES (%s, %s, now(), 'hand') ON CONFLICT DO NOTHING
                )
                INSERT INTO users_touched (customer_id, topic) VALUES (%s, 'tags')
                """,
                [who.pk, tag, who.pk],
            )

    def refresher(share: int) -> None:
        for _turn in range(8):
            refresh(wait=bool(share % 2))

    def session(act: object, share: int) -> None:
        try:
            act(share)  # type: ignore[operator]
        except BaseException as problem:
            problems.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=session, args=(writer, share)) for share in range(4)]
    threads += [threading.Thread(target=session, args=(refresher, share)) for share in (1, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    refresh()
    assert members(found) == set(CustomerTag.objects.values_list("customer_id", flat=True))
    found.refresh_from_db()
    assert found.size == len(members(found))


def test_a_second_refresher_leaves_the_work_to_the_first() -> None:
    segment(VIP)
    answers = []

    def other() -> None:
        try:
            answers.append(refresh(wait=False))
        finally:
            connections.close_all()

    with session_lock(Lock.SEGMENT_RUN):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert answers == [None]


def test_editing_a_rule_while_it_is_rebuilt_gives_the_new_version(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = customer(city="A"), customer(city="B")
    found = segment({"field": "city", "op": "equals", "value": "A"})
    edited = edit_segment(found, by=None, rule=rule({"field": "city", "op": "is_known"}))
    versions = []

    def parse_and_let_somebody_edit(raw: object) -> object:
        versions.append(raw)
        if len(versions) == 1:
            thread = threading.Thread(target=in_another_session)
            thread.start()
            thread.join()
        return parse(raw)

    def in_another_session() -> None:
        try:
            edit_segment(edited, by=None, rule=rule({"field": "city", "op": "equals", "value": "B"}))
        finally:
            connections.close_all()

    monkeypatch.setattr("segments.services.rebuild.parse", parse_and_let_somebody_edit)
    rebuild_waiting()

    found.refresh_from_db()
    assert (found.rule_version, found.computed_version, found.state) == (3, 3, SegmentState.LIVE)
    assert members(found) == {b.pk}
    assert len(versions) == 2
    assert a.pk not in members(found)


def test_who_enters_or_leaves_a_segment_is_looked_at_in_those_that_refer_to_it() -> None:
    """By what the child reads: nothing that the parent itself reads was touched."""
    who = customer(city="A")
    child = segment({"field": "city", "op": "equals", "value": "A"})
    inside, outside = (
        segment({"segment": child.pk, "op": "in"}),
        segment({"segment": child.pk, "op": "not_in"}),
    )
    for city, expected in (("B", (set(), {who.pk})), ("A", ({who.pk}, set()))):
        Customer.objects.filter(pk=who.pk).update(city=city)
        touch([who.pk], TouchTopic.PROFILE)
        assert refresh() is not None
        assert (members(inside), members(outside)) == expected


def test_a_segment_that_fails_waits_for_a_rebuild_and_the_others_go_on() -> None:
    who = customer(city="A")
    bad = segment({"field": "city", "op": "is_known"})
    good = segment({"field": "city", "op": "equals", "value": "A"})
    upon = segment({"segment": bad.pk, "op": "in"})
    Segment.objects.filter(pk=bad.pk).update(rule=rule({"field": "gone", "op": "is_known"}))
    before = upon.computed_at
    newcomer = customer(city="A")

    done = refresh()

    assert done is not None
    assert done.failed == (bad.name,)
    assert members(good) == {who.pk, newcomer.pk}
    bad.refresh_from_db()
    upon.refresh_from_db()
    assert bad.state == SegmentState.NEEDS_REBUILD
    assert "there is no such field" in bad.error
    assert upon.computed_at == before
    assert not is_fresh(upon, clock.now() + timedelta(minutes=3))


def test_a_clock_set_back_is_noticed() -> None:
    who = customer()
    event(who, "Product Viewed", ago(days=1))
    found = segment(VIEWED)
    assert found.computed_at is not None
    done = refresh(found.computed_at - timedelta(days=1, hours=1))
    assert done is not None
    assert done.failed == (found.name,)
    rebuild_waiting(found.computed_at - timedelta(days=1, hours=1))
    assert members(found) == set()


def test_the_audit_finds_and_heals_what_was_not_touched() -> None:
    who, wrong = customer(), customer()
    found = segment(VIP)
    refresh()
    tagged(who, "VIP")
    Touched.objects.all().delete()
    execute(
        "INSERT INTO segments_membership (customer_id, segment_id, entered_at) VALUES (%s, %s, now())",
        [wrong.pk, found.pk],
    )

    drift = audit(found)
    again = audit(found)

    assert drift is not None
    assert again is not None
    assert (drift.entered, drift.left, again.entered, again.left) == (1, 1, 0, 0)
    assert members(found) == {who.pk}
    assert {cause for _pk, _entered, cause in changes(found)} == {"heal"}


def test_audits_are_due_once_a_day() -> None:
    found = segment(VIP)
    now = clock.now()
    assert audit_due(now)["audited"] == 0
    Segment.objects.filter(pk=found.pk).update(created_at=ago(days=2))
    assert audit_due(now) == {"audited": 1, "drifted": 0, "forgotten": 0}
    assert audit_due(now)["audited"] == 0


def test_old_runs_that_changed_nothing_are_forgotten() -> None:
    who = customer()
    segment(VIP)
    old = ago(days=8)
    Run.objects.create(kind="refresh", now=old)
    tagged(who, "VIP")
    done = refresh()
    assert done is not None
    Run.objects.filter(pk=done.run.pk).update(now=old)
    assert audit_due(clock.now())["forgotten"] == 1
    assert Run.objects.filter(pk=done.run.pk).exists()


def test_coming_and_going_is_announced_only_where_somebody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    who = customer()
    found = segment(VIP)
    tagged(who, "VIP")
    refresh()
    assert not Event.objects.filter(type__name="segment_entered").exists()
    monkeypatch.setitem(users.handlers._by_event, "segment_entered", ["test.entered"])
    late = customer()
    tagged(late, "VIP")
    done = refresh()
    assert done is not None
    entered = Event.objects.get(type__name="segment_entered")
    assert (entered.customer_id, entered.properties["segment"]) == (late.pk, found.pk)
    assert Outbox.objects.filter(handler="test.entered", message_id=entered.message_id).count() == 1
    edit_segment(found, by=None, rule=rule({**VIP, "op": "has_none_of"}))
    customer()
    rebuild_waiting()
    assert Event.objects.filter(type__name="segment_entered").count() == 1


def test_joined_customers_keep_the_earlier_membership_and_the_history() -> None:
    survivor, absorbed = customer(), customer()
    for who in (survivor, absorbed):
        tagged(who, "VIP")
    found = segment(VIP)
    early = ago(days=9)
    execute("UPDATE segments_membership SET entered_at = %s WHERE customer_id = %s", [early, absorbed.pk])
    CustomerTag.objects.filter(customer=absorbed).delete()
    execute("DELETE FROM users_standing WHERE customer_id = %s", [absorbed.pk])
    execute("DELETE FROM users_customer WHERE id = %s", [absorbed.pk])

    joining.join(survivor.pk, absorbed.pk)
    joining.join(survivor.pk, absorbed.pk)
    refresh()

    found.refresh_from_db()
    assert (members(found), found.size) == ({survivor.pk}, 1)
    assert found.memberships.get().entered_at == early
    drift = audit(found)
    assert drift is not None
    assert (drift.entered, drift.left) == (0, 0)


def test_rebuilding_takes_nothing_from_the_queue() -> None:
    customer()
    before = Touched.objects.count()
    segment(VIP)
    assert Touched.objects.count() == before > 0
    assert Run.objects.get().kind == "rebuild"


def test_a_refresh_runs_over_one_unmoving_picture() -> None:
    segment(VIP)
    seen: list[str] = []

    def look() -> int:
        seen.append(fetch("SHOW transaction_isolation")[0][0])
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "segments.services.refresh.take_touched",
            look,
        )
        refresh()
    assert seen == ["repeatable read"]
