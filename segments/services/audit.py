"""The nightly proof: each segment computed from scratch and compared with what was kept: 0 is the promise."""

import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef

from config.kit import clock
from config.kit.batches import execute
from config.kit.locks import Lock, session_lock
from segments.models import ChangeCause, Run, RunKind, Segment, SegmentRun, SegmentState
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.services.difference import apply_to_everybody
from segments.services.refresh import refresh_all
from segments.services.snapshot import in_snapshot
from users.services.stages import move_stages

EVERY = timedelta(days=1)
KEPT = timedelta(days=7)
THINNED_AFTER = timedelta(days=1)
THIN_OUT = """
DELETE FROM segments_segmentrun USING (
    SELECT of.id, row_number() OVER (
        PARTITION BY of.segment_id, (run.now AT TIME ZONE %(zone)s)::date ORDER BY of.run_id DESC
    ) AS place
    FROM segments_segmentrun of JOIN segments_run run ON run.id = of.run_id
    WHERE run.kind = 'refresh' AND run.now >= %(since)s AND run.now < %(until)s AND of.error = ''
) AS old
WHERE segments_segmentrun.id = old.id AND old.place > 1
"""


def audit(segment: Segment, now: datetime | None = None) -> SegmentRun | None:
    """Refresh everything, then compare one segment with its rule at the same instant over the same picture.

    What differs is corrected with the cause "heal"; the row's ``entered`` and ``left`` are the drift. None
    when the refresh could not bring the segment up to date: it waits for a rebuild.
    """
    with session_lock(Lock.SEGMENT_RUN):
        at = now or clock.now()
        move_stages(at)
        return in_snapshot(lambda: _compare(segment.pk, at))


def audit_due(now: datetime, *, seconds: float = 15.0) -> dict[str, int]:
    """Audit what was not audited for a day until ``seconds`` have passed; the counts for the job's row."""
    started, audited, drifted = time.monotonic(), 0, 0
    for segment in list(_due(now)):
        if time.monotonic() - started > seconds:
            break
        row = audit(segment)
        audited += 1
        drifted += row is not None and bool(row.entered or row.left)
    Segment.objects.filter(state=SegmentState.FAILED).update(state=SegmentState.NEEDS_REBUILD)
    return {"audited": audited, "drifted": drifted, "forgotten": forget_idle_runs(now)}


def forget_idle_runs(now: datetime) -> int:
    """Remove what nobody will look at: a refresh of every other second leaves a row per segment it looked at.

    Of refreshes older than a day, the last row of each segment and day stays, for the chart of sizes, and so
    does every failure. Refreshes without a change go after a week; those with one are part of the history.
    """
    zone = settings.SHOP_TIME_ZONE
    execute(THIN_OUT, {"zone": zone, "since": now - 3 * THINNED_AFTER, "until": now - THINNED_AFTER})
    old = Run.objects.filter(kind=RunKind.REFRESH, now__lt=now - KEPT, entered=0, left=0)
    SegmentRun.objects.filter(run__in=old, error="").delete()
    forgotten, _by_model = old.filter(~Exists(SegmentRun.objects.filter(run=OuterRef("pk")))).delete()
    return forgotten


def _due(now: datetime) -> "list[Segment]":
    lately = SegmentRun.objects.filter(
        segment=OuterRef("pk"), run__kind=RunKind.AUDIT, run__now__gt=now - EVERY
    )
    due = Segment.objects.by_rule().filter(
        ~Exists(lately), state=SegmentState.LIVE, created_at__lte=now - EVERY
    )
    return list(due.order_by("pk"))


def _compare(pk: int, now: datetime) -> SegmentRun | None:
    refresh_all(now, stage_moves=0, kind=RunKind.REFRESH)
    segment = Segment.objects.get(pk=pk)
    if segment.state != SegmentState.LIVE or segment.computed_at != now:
        return None
    started = time.monotonic()
    run = Run.objects.create(kind=RunKind.AUDIT, now=now)
    difference = apply_to_everybody(segment, parse(segment.rule), run, AsOf(now), ChangeCause.HEAL)
    run.milliseconds = round((time.monotonic() - started) * 1000)
    run.entered, run.left = difference.entered, difference.left
    run.save(update_fields=["entered", "left", "milliseconds"])
    Segment.objects.filter(pk=pk).update(size=difference.size, computed_in=run.pk)
    return SegmentRun.objects.create(
        run=run,
        segment=segment,
        rule_version=segment.rule_version,
        checked=difference.size,
        entered=difference.entered,
        left=difference.left,
        size=difference.size,
        milliseconds=run.milliseconds,
    )
