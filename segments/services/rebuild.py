"""Computing segments in full: new and edited ones, and those that a refresh could not bring up to date.

One segment per transaction. A rebuild takes nothing from the queue of touched customers: they stay for the
next refresh, which looks at them again from the instant of the rebuild on. Editing the rule meanwhile calls
the rebuild of the older version off at once (``give_way``), and it is done again with the new rule; an edit
that comes too late for that makes the transaction fail on the segment's row, with the same outcome.
"""

import time
from datetime import datetime

from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.locks import Lock, call_off, mark_work, session_lock
from config.kit.refusal import Refusal
from segments.models import ChangeCause, Run, RunKind, Segment, SegmentRun, SegmentState
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.services import cuts, tag_keeping
from segments.services.difference import Difference, apply_to_everybody
from segments.services.order import in_order, referred
from segments.services.snapshot import concerns_the_whole_run, in_snapshot


def rebuild_waiting(
    now: datetime | None = None, *, wait: bool = True, seconds: float = 20.0
) -> list[Segment]:
    """Rebuild what waits for it, those referred to first, until ``seconds`` have passed; what was rebuilt."""
    started, rebuilt = time.monotonic(), list[Segment]()
    while time.monotonic() - started < seconds:
        with session_lock(Lock.SEGMENT_RUN, wait=wait) as taken:
            segment = _next_waiting() if taken else None
            if segment is None:
                return rebuilt
            in_snapshot(lambda pk=segment.pk: _rebuild(pk, now or clock.now()))  # type: ignore[misc]
            rebuilt.append(segment)
    return rebuilt


def rebuild(segment: Segment, now: datetime | None = None) -> Segment:
    """Rebuild one segment at once; the segment as it is then."""
    with session_lock(Lock.SEGMENT_RUN):
        in_snapshot(lambda: _rebuild(segment.pk, now or clock.now()))
    segment.refresh_from_db()
    return segment


def give_way(segment: Segment) -> None:
    """Call off the rebuild of the segment's older rule as soon as the edit has committed."""
    transaction.on_commit(lambda: call_off(segment.pk))


def _next_waiting() -> Segment | None:
    """The first segment in need whose children are up to date, or whose children will never be."""
    everyone = in_order(Segment.objects.exclude(state=SegmentState.RETIRED))
    waiting = {segment.pk for segment in everyone if segment.state == SegmentState.NEEDS_REBUILD}
    for segment in everyone:
        if segment.pk in waiting and not referred(segment.rule) & waiting:
            return segment
    return None


def _rebuild(pk: int, now: datetime) -> None:
    started = time.monotonic()
    mark_work(pk)
    segment = Segment.objects.get(pk=pk)
    run = Run.objects.create(kind=RunKind.REBUILD, now=now)
    row = SegmentRun(run=run, segment=segment, rule_version=segment.rule_version)
    try:
        with transaction.atomic():
            difference = _compute(segment, run)
            tag_keeping.catch_up(segment, now)
    except (DatabaseError, Refusal) as problem:
        if concerns_the_whole_run(problem):
            raise
        row.error = f"{type(problem).__name__}: {problem}"[:2000]
        Segment.objects.filter(pk=pk).update(state=SegmentState.FAILED, error=row.error)
    else:
        row.checked = row.size = difference.size
        run.entered, run.left = row.entered, row.left = difference.entered, difference.left
        _mark_live(segment, run, difference)
    run.milliseconds = row.milliseconds = round((time.monotonic() - started) * 1000)
    row.save()
    run.save(update_fields=["entered", "left", "milliseconds"])


def _compute(segment: Segment, run: Run) -> Difference:
    rule = parse(segment.rule)
    if Segment.objects.filter(pk__in=rule.segments()).exclude(state=SegmentState.LIVE).exists():
        raise Refusal("child_not_live", _("A segment that this one refers to cannot be computed."))
    edited = segment.computed_version not in (None, segment.rule_version)
    cuts.need(rule, run.now)
    cause = ChangeCause.EDIT if edited else ChangeCause.REBUILD
    return apply_to_everybody(segment, rule, run, AsOf(run.now), cause)


def _mark_live(segment: Segment, run: Run, difference: Difference) -> None:
    """Exact as of the oldest picture it rests on: its own, or that of a segment it refers to."""
    referred_to = Segment.objects.by_rule().filter(pk__in=referred(segment.rule))
    children = referred_to.values_list("computed_at", flat=True)
    Segment.objects.filter(pk=segment.pk).update(
        state=SegmentState.LIVE,
        error="",
        size=difference.size,
        computed_at=min([run.now, *(at for at in children if at is not None)]),
        computed_in=run.pk,
        computed_version=segment.rule_version,
    )
