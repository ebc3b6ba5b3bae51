"""The states of a segment, with their reasons, on the pages and over the API; alarms; what sends refuse."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from config.kit import clock
from config.kit.locks import Lock, session_lock
from segments.freshness import Look, of_error
from segments.models import Run, Segment, SegmentRun, SegmentState
from segments.services import alarms
from segments.services.audit import forget_idle_runs
from segments.services.membership import is_fresh
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import is_due, refresh
from segments.tasks import refresh as refresh_job
from tests.operators import logged_in
from tests.segments.shop import ago, customer, rule, segment
from users.models import AuditEntry, Role, Touched

pytestmark = pytest.mark.django_db(transaction=True)

CITY = {"field": "city", "op": "is_known"}


def state(of: Segment, **later: float) -> tuple[str, str]:
    found = Look(clock.now() + timedelta(**later)).condition(Segment.objects.get(pk=of.pk))
    return found.state, found.sentence


def beside(act: Callable[[], object]) -> None:
    def session() -> None:
        try:
            act()
        finally:
            connections.close_all()

    thread = threading.Thread(target=session)
    thread.start()
    thread.join()


def test_from_computing_over_fresh_to_stale() -> None:
    found = segment(CITY)
    assert state(found) == ("fresh", "")
    assert state(found, minutes=3)[0] == "stale"
    assert "The last good run was at" in state(found, minutes=3)[1]
    Segment.objects.filter(pk=found.pk).update(state="needs_rebuild")
    assert state(found) == ("computing", "It waits for its turn to be computed.")
    Segment.objects.filter(pk=found.pk).update(state="retired")
    assert state(found)[0] == "stopped"


def test_a_run_at_work_is_shown_but_still_refused() -> None:
    found = segment(CITY)
    seen = []
    with session_lock(Lock.SEGMENT_RUN):
        beside(lambda: seen.append(state(found, minutes=3)))
    assert seen == [("refreshing", "A run is at work. Wait a moment.")]
    found.refresh_from_db()
    assert not is_fresh(found, clock.now() + timedelta(minutes=3))


@pytest.mark.parametrize(("trouble", "word"), [("failed", "failed"), ("retired", "has stopped")])
def test_what_refers_to_one_in_trouble_says_so(trouble: str, word: str) -> None:
    child = segment(CITY, name="Child")
    upon = segment({"segment": child.pk, "op": "in"})
    Segment.objects.filter(pk=child.pk).update(state=trouble, error="DataError: out of range")
    refresh()
    advice = "Put that one right; this one follows."
    reason = "It refers to the segment “Child”, which is not up to date."
    assert state(upon, minutes=3) == ("stale", f"{reason} {advice}")
    Segment.objects.filter(pk=upon.pk).update(state="needs_rebuild")
    rebuild_waiting()
    assert state(upon) == ("failed", f"It refers to the segment “Child”, which {word}. {advice}")


def test_a_rule_that_cannot_be_read_stops_its_segment_and_is_an_alarm() -> None:
    found = segment(CITY)
    Segment.objects.filter(pk=found.pk).update(rule=rule({"field": "gone", "op": "is_known"}))
    refresh()
    rebuild_waiting()
    assert state(found) == (
        "stopped",
        "It has stopped: there is no such field: “gone”. Edit the rule; then it is computed anew.",
    )
    assert alarms.watch(clock.now()) == {"raised": 1, "ended": 0}
    assert alarms.watch(clock.now()) == {"raised": 0, "ended": 0}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("OperationalError: canceling statement due to statement timeout", "It took longer than is allowed."),
        ("ClockWentBack: 2026 is before 2027", "The clock was set back."),
        ("DataError: out of range", "Something went wrong: DataError: out of range"),
        ("", "Something went wrong: no reason is known"),
    ],
)
def test_errors_are_told_in_words(error: str, reason: str) -> None:
    assert of_error(error)[0] == reason
    assert of_error(error)[1]


def test_an_alarm_is_raised_once_and_ends() -> None:
    segment(CITY, name="Locals")
    now = clock.now()
    assert alarms.watch(now + timedelta(minutes=9)) == {"raised": 0, "ended": 0}
    assert alarms.watch(now + timedelta(minutes=11)) == {"raised": 1, "ended": 0}
    assert alarms.watch(now + timedelta(minutes=12)) == {"raised": 0, "ended": 0}
    told = AuditEntry.objects.get(act="segment.alarm").after
    assert told is not None
    assert told["state"] == "stale"
    assert "The last good run was at" in told["reason"]
    client = logged_in(Role.ANALYST)
    home = client.get("/admin/").content.decode()
    assert "Segments that cannot be relied on" in home
    assert "regulars_segment_alarms 1" in Client().get("/metrics").content.decode()
    refresh(now + timedelta(minutes=13))
    assert alarms.watch(now + timedelta(minutes=13)) == {"raised": 0, "ended": 1}
    assert AuditEntry.objects.get(act="segment.alarm_over").after == {"minutes": 2}
    assert "Segments that cannot be relied on" not in client.get("/admin/").content.decode()
    assert 'regulars_segments{state="failed"} 0' in Client().get("/metrics").content.decode()


def test_a_failure_is_an_alarm_at_once_and_stands_on_the_pages() -> None:
    found = segment(CITY, name="Locals")
    Segment.objects.filter(pk=found.pk).update(state=SegmentState.FAILED, error="DataError: out of range")
    assert alarms.watch(clock.now())["raised"] == 1
    client = logged_in(Role.ANALYST)
    for url in (reverse("segments:list"), reverse("segments:segment", args=[found.pk])):
        page = client.get(url).content.decode()
        assert "Something went wrong: DataError: out of range" in page


def test_a_refresh_every_other_second_costs_nothing_when_nothing_happens() -> None:
    customer()
    segment(CITY)
    assert is_due(clock.now())
    refresh()
    assert not Touched.objects.exists()
    now = clock.now()
    assert not is_due(now)
    assert is_due(now + timedelta(seconds=11))
    before = Run.objects.count()
    refresh_job(nudged=True)
    assert Run.objects.count() == before
    customer()
    assert is_due(now)
    refresh_job(nudged=True)
    assert Run.objects.count() == before + 1


def test_rows_of_runs_are_thinned_out_and_the_history_stays() -> None:
    found = segment(CITY)
    for hours in (50, 49.9, 30, 1):
        run = Run.objects.create(kind="refresh", now=ago(hours=hours), entered=1)
        SegmentRun.objects.create(run=run, segment=found, rule_version=1, checked=1, size=round(hours))
    forget_idle_runs(clock.now())
    sizes = SegmentRun.objects.filter(run__kind="refresh").order_by("run_id").values_list("size", flat=True)
    assert len(sizes) in (2, 3)  # 50 and 49.9 hours ago are one day, or two where a midnight lies between
    assert list(sizes)[-2:] == [30, 1]
    assert Run.objects.filter(kind="refresh").count() == 4
