"""Telling the operators when a segment is out of date for too long or failed, and when it is well again.

Looked at by a job of another queue than the runs', so that it speaks up when those stand still. Each trouble is
told once: by a row of the audit trail, on the home page and in the metrics for as long as it lasts.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy

from config.kit import clock
from config.kit.gauges import Gauge, gauges
from segments.freshness import Condition, Look
from segments.models import Segment, SegmentState
from users.services import audit
from users.shop import declare

log = logging.getLogger(__name__)


def _at_least_two(minutes: int) -> None:
    if minutes < 2:
        raise ValueError("sends are refused after two minutes; an alarm before that would mean nothing")


alarm_after = declare(
    "segment_alarm_minutes",
    10,
    gettext_lazy("Minutes out of date after which a segment raises an alarm"),
    check=_at_least_two,
)


@transaction.atomic
def watch(now: datetime) -> dict[str, int]:
    """Raise and end alarms; how many of each."""
    look = Look(now)
    raised = ended = 0
    for segment in Segment.objects.select_for_update(no_key=True).order_by("pk"):
        condition = look.condition(segment)
        troubled = is_troubled(segment, condition, now)
        if troubled and segment.alarmed_at is None:
            _raise(segment, condition, now)
            raised += 1
        elif not troubled and segment.alarmed_at is not None:
            _end(segment, now)
            ended += 1
    return {"raised": raised, "ended": ended}


def is_troubled(segment: Segment, condition: Condition, now: datetime) -> bool:
    """Failed or stopped by what its rule asks for, or not up to date for longer than the shop allows."""
    if condition.state == "failed" or (condition.state == "stopped" and condition.advice):
        return True
    if condition.state in {"fresh", "stopped"}:
        return False
    last = max(segment.created_at, segment.computed_at or segment.created_at)
    return now - last > timedelta(minutes=alarm_after.get())


def in_trouble(now: datetime) -> list[tuple[Segment, Condition]]:
    """The segments with an alarm, longest first, each with its condition."""
    look = Look(now)
    found = Segment.objects.filter(alarmed_at__isnull=False).order_by("alarmed_at", "pk")
    return [(segment, look.condition(segment)) for segment in found]


def _raise(segment: Segment, condition: Condition, now: datetime) -> None:
    Segment.objects.filter(pk=segment.pk).update(alarmed_at=now)
    after = {"state": condition.state, "reason": condition.reason, "advice": condition.advice}
    audit.record("segment.alarm", by=None, target=segment, after=after)
    log.error("segment_alarm", extra={"segment": segment.pk, "state": condition.state})


def _end(segment: Segment, now: datetime) -> None:
    assert segment.alarmed_at is not None
    minutes = round((now - segment.alarmed_at).total_seconds() / 60)
    Segment.objects.filter(pk=segment.pk).update(alarmed_at=None)
    audit.record("segment.alarm_over", by=None, target=segment, after={"minutes": minutes})


def _gauges() -> Iterator[Gauge]:
    """What a monitoring system sees: segments by state, alarms, and the age of the oldest membership."""
    now = clock.now()
    look = Look(now)
    counts = dict.fromkeys(("fresh", "refreshing", "computing", "stale", "failed", "stopped"), 0)
    oldest, alarms = 0.0, 0
    for segment in Segment.objects.defer("description"):
        counts[look.state(segment)] += 1
        alarms += segment.alarmed_at is not None
        if segment.state == SegmentState.LIVE and segment.computed_at is not None:
            oldest = max(oldest, (now - segment.computed_at).total_seconds())
    for state, count in counts.items():
        yield Gauge("regulars_segments", "Segments by freshness", count, {"state": state})
    yield Gauge("regulars_segment_alarms", "Segments with an alarm", alarms)
    yield Gauge("regulars_segment_oldest_seconds", "Age of the oldest membership kept up to date", oldest)


gauges.register("segments", _gauges)
