"""What the runs did and what the audits found: drift by day, each audit that differed, the last runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import F, Sum

from config.kit import words
from config.kit.batches import fetch
from segments.models import MembershipChange, Run, RunKind, Segment, SegmentRun
from users.models import Customer

SAMPLE = 5

DRIFT = """
SELECT (run.now AT TIME ZONE %(zone)s)::date, count(*), sum(of.entered + of."left")
FROM segments_segmentrun of JOIN segments_run run ON run.id = of.run_id
WHERE run.kind = 'audit' AND run.now >= %(since)s GROUP BY 1
"""

# The transaction that holds the mark of a segment began when its computation did.
UNDER_WAY = """
SELECT objid::bigint, extract(epoch FROM clock_timestamp() - xact_start)
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid::bigint = %s
  AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass(frozen=True, slots=True)
class DriftOfDay:
    """A calendar day of the shop: segments audited, memberships that differed (0 is the promise)."""

    day: date
    audited: int
    differed: int


@dataclass(frozen=True, slots=True)
class Drift:
    """An audit that found a segment differing: how many were missing, how many too many, and some of them."""

    of: SegmentRun
    customers: list[Customer] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A segment being computed in full: for how long, and how long it took the last time (seconds)."""

    segment: Segment
    seconds: int
    last_seconds: float | None


def told_afterwards(runs: Sequence[Run]) -> set[int]:
    """Which of these runs tell of a time before their segments were made."""
    told = SegmentRun.objects.filter(run__in=runs, segment__created_at__gt=F("run__now"))
    return set(told.values_list("run_id", flat=True))


def drift_by_day(now: datetime, days: int) -> list[DriftOfDay]:
    """The last ``days`` calendar days, today included; a day without an audit has zero of both."""
    today = now.astimezone(words.shop_zone()).date()
    since = now - timedelta(days=days + 1)
    rows = fetch(DRIFT, {"zone": settings.SHOP_TIME_ZONE, "since": since})
    known = {day: (audited, differed) for day, audited, differed in rows}
    all_days = [today - timedelta(days=back) for back in reversed(range(days))]
    return [DriftOfDay(day, *known.get(day, (0, 0))) for day in all_days]


def drifts(now: datetime, days: int, limit: int = 20) -> list[Drift]:
    """The audits of that time that found a difference, newest first, each with some customers."""
    rows = list(
        SegmentRun.objects.filter(run__kind=RunKind.AUDIT, run__now__gte=now - timedelta(days=days))
        .exclude(entered=0, left=0)
        .select_related("run", "segment")
        .order_by("-run_id")[:limit]
    )
    samples = _samples(rows)
    return [Drift(row, samples.get((row.segment_id, row.run_id), [])) for row in rows]


def _samples(rows: Sequence[SegmentRun]) -> dict[tuple[int, int], list[Customer]]:
    """Up to five living customers of each audit, in one query for all of them."""
    found: dict[tuple[int, int], list[Customer]] = {}
    changes = MembershipChange.objects.filter(
        segment__in={row.segment_id for row in rows}, run__in={row.run_id for row in rows}
    ).select_related("customer")
    for change in changes.order_by("run_id", "customer_id")[: 20 * SAMPLE * 10]:
        some = found.setdefault((change.segment_id, change.run_id), [])
        if len(some) < SAMPLE:
            some.append(change.customer)
    return found


def under_way(namespace: int) -> list[UnderWay]:
    """The segments that are being computed in full at this moment."""
    seconds = {pk: round(spent) for pk, spent in fetch(UNDER_WAY, [namespace])}
    if not seconds:
        return []
    segments = Segment.objects.in_bulk(seconds)
    last = dict(
        SegmentRun.objects.filter(segment__in=segments, run__kind=RunKind.REBUILD, error="")
        .order_by("segment_id", "-run_id")
        .distinct("segment_id")
        .values_list("segment_id", "milliseconds")
    )
    return [
        UnderWay(segment, seconds[pk], last[pk] / 1000 if pk in last else None)
        for pk, segment in sorted(segments.items())
    ]


def checked_in(runs: Sequence[Run]) -> dict[int, int]:
    """How many answers each run looked at again, over all its segments."""
    rows = SegmentRun.objects.filter(run__in=[run.pk for run in runs]).values_list("run_id")
    return dict(rows.annotate(checked=Sum("checked")))
