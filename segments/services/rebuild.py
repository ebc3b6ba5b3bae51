"""Computing segments in full: new and edited ones, and those that a refresh could not bring up to date.

One segment per transaction, or a few that look up the same (``wave``). A rebuild takes nothing from the queue of
touched customers: they stay for the next refresh, which looks at them again from the instant of the rebuild on.
Editing the rule meanwhile calls the rebuild of the older version off at once (``give_way``), and it is done again
with the new rule; an edit that comes too late for that makes the transaction fail on the segment's row, with the
same outcome. What a wave had done is lost then, and the rest of that turn is one by one.

No segment takes longer than the job that computes it may (``LONGEST``). One in the midst of which a turn ends is left
for the next, as its first; one that had a wave's turn from the beginning goes alone from then on; one that had a turn
to itself has failed.
"""

import math
import time
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import DatabaseError, OperationalError, transaction
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.locks import Lock, call_off, mark_work, session_lock
from config.kit.refusal import Refusal
from segments.models import ChangeCause, Run, RunKind, Segment, SegmentRun, SegmentState
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.services import cuts, tag_keeping
from segments.services.difference import Difference, apply_to_everybody
from segments.services.looking import until
from segments.services.order import in_order, referred
from segments.services.snapshot import (
    concerns_the_whole_run,
    in_snapshot,
    is_to_begin_again,
    took_too_long,
)
from segments.services.trouble import state_after
from segments.services.wave import look_up_together, wave

# The job is cut off at 27 s and killed at 30 s (CELERY_TASK_SOFT_TIME_LIMIT), with nothing on record: so that it would
# meet the same segment again, every time.
LONGEST = 25.0


@dataclass(frozen=True)
class _Turn:
    """Instants of ``time.monotonic``: from ``ends`` on nothing is begun, at ``latest`` statements are cut off.

    ``is_fresh``: nothing was computed in it so far.
    """

    ends: float = math.inf
    latest: float = math.inf
    is_fresh: bool = True


def rebuild_waiting(
    now: datetime | None = None, *, wait: bool = True, seconds: float = 20.0
) -> list[Segment]:
    """Rebuild what waits for it, those referred to first, until ``seconds`` have passed; what was rebuilt."""
    begins, rebuilt, together = time.monotonic(), list[Segment](), True
    turn = _Turn(begins + seconds, begins + max(LONGEST, seconds))
    while time.monotonic() < turn.ends:
        with session_lock(Lock.SEGMENT_RUN, wait=wait) as taken:
            ready = _ready() if taken else []
            if not ready:
                return rebuilt
            chosen = wave(ready) if together else ready[:1]
            done = _rebuild([segment.pk for segment in chosen], now or clock.now(), turn)
            together, turn = together and done is not None, replace(turn, is_fresh=False)
            rebuilt += [segment for segment in chosen if segment.pk in (done or ())]
    return rebuilt


def rebuild(segment: Segment, now: datetime | None = None) -> Segment:
    """Rebuild one segment at once; the segment as it is then."""
    with session_lock(Lock.SEGMENT_RUN):
        in_snapshot(lambda: _compute_all([segment.pk], now or clock.now(), _Turn()))
    segment.refresh_from_db()
    return segment


def give_way(segment: Segment) -> None:
    """Call off the rebuild of the segment's older rule as soon as the edit has committed."""
    transaction.on_commit(lambda: call_off(segment.pk))


def _ready() -> list[Segment]:
    """The segments in need whose children are up to date, or whose children will never be."""
    everyone = in_order(Segment.objects.exclude(state=SegmentState.RETIRED))
    waiting = {segment.pk for segment in everyone if segment.state == SegmentState.NEEDS_REBUILD}
    return [segment for segment in everyone if segment.pk in waiting and not referred(segment.rule) & waiting]


def _rebuild(pks: list[int], now: datetime, turn: _Turn) -> list[int] | None:
    """Rebuild one segment, or a wave until time is up; which. None: one of the wave was edited, nothing was done."""
    if len(pks) == 1:
        return in_snapshot(lambda: _compute_all(pks, now, turn))
    try:
        return in_snapshot(lambda: _compute_all(pks, now, turn), attempts=1)
    except OperationalError as problem:
        if not is_to_begin_again(problem):
            raise
        return None


@dataclass
class _Work:
    """What was done for one segment. ``difference`` None: it failed, of ``problem``."""

    segment: Segment
    run: Run
    row: SegmentRun
    difference: Difference | None = None
    problem: Exception | None = None


def _compute_all(pks: list[int], now: datetime, turn: _Turn) -> list[int]:
    """Compute them over one picture. The segments' rows are written last: from then on an edit has to wait."""
    for pk in pks:
        mark_work(pk)
    by_pk = Segment.objects.in_bulk(pks)
    segments = [by_pk[pk] for pk in pks if pk in by_pk]
    asking = look_up_together(segments, AsOf(now), turn.ends)
    done = list[_Work]()
    for segment in segments:
        if done and time.monotonic() > turn.ends:
            break
        work = _work_on(segment, asking, turn.latest)
        if work.problem is not None and took_too_long(work.problem) and not _had_its_time(turn, pks):
            _leave_for_later(work, goes_alone=turn.is_fresh and not done)
            break
        done.append(work)
    for work in done:
        _keep(work)
    return [work.segment.pk for work in done]


def _had_its_time(turn: _Turn, pks: list[int]) -> bool:
    """Whether the segment in hand had the turn to itself, or as long as it liked."""
    return turn.latest == math.inf or (turn.is_fresh and len(pks) == 1)


def _leave_for_later(work: _Work, *, goes_alone: bool) -> None:
    """As if it had not been begun; ``goes_alone``: it had a turn from its beginning, but shared it."""
    work.run.delete()
    if goes_alone:
        Segment.objects.filter(pk=work.segment.pk).update(alone_version=work.segment.rule_version)


def _work_on(segment: Segment, asking: AsOf, latest: float) -> _Work:
    """Compute one behind a savepoint: if it fails, the others go on."""
    started = time.monotonic()
    run = Run.objects.create(kind=RunKind.REBUILD, now=asking.now)
    work = _Work(segment, run, SegmentRun(run=run, segment=segment, rule_version=segment.rule_version))
    try:
        with transaction.atomic():
            with until(latest):
                work.difference = _compute(segment, run, asking)
            with until(latest):
                tag_keeping.catch_up(segment, asking.now)
    except (DatabaseError, Refusal) as problem:
        if concerns_the_whole_run(problem):
            raise
        work.difference, work.problem = None, problem
        work.row.error = f"{type(problem).__name__}: {problem}"[:2000]
    run.milliseconds = work.row.milliseconds = round((time.monotonic() - started) * 1000)
    return work


def _keep(work: _Work) -> None:
    run, row, difference = work.run, work.row, work.difference
    if work.problem is not None:
        state = state_after(work.problem)
        Segment.objects.filter(pk=work.segment.pk).update(state=state, error=row.error)
    if difference is not None:
        row.checked = row.size = difference.size
        run.entered, run.left = row.entered, row.left = difference.entered, difference.left
        _mark_live(work.segment, run, difference)
    row.save()
    run.save(update_fields=["entered", "left", "milliseconds"])


def _compute(segment: Segment, run: Run, asking: AsOf) -> Difference:
    rule = parse(segment.rule)
    if Segment.objects.filter(pk__in=rule.segments()).exclude(state=SegmentState.LIVE).exists():
        raise Refusal("child_not_live", _("A segment that this one refers to cannot be computed."))
    edited = segment.computed_version not in (None, segment.rule_version)
    cuts.need(rule, run.now)
    cause = ChangeCause.EDIT if edited else ChangeCause.REBUILD
    return apply_to_everybody(segment, rule, run, asking, cause)


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
