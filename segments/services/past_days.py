"""The days before a segment was made, told as if it had been kept on each of them: who would have been in it.

Only before its first rebuild: so the log stays in the order of its runs, and the rebuild goes on from the last of these
days. Every coming and going has the cause *history*, which starts nothing and is announced to nobody; a run from
before the segment was made is how it shows that the day was computed afterwards.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from config.kit.locks import Lock, session_lock
from config.kit.refusal import Refusal
from segments.models import ChangeCause, Run, RunKind, Segment, SegmentRun, SegmentState
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.rules.tree import Rule
from segments.rules.words import Words
from segments.services.difference import apply_to_everybody
from segments.services.snapshot import in_snapshot
from users.demo import Progress
from users.reports.figures import today_in_shop
from users.reports.periods import midnight

A_MOMENT = timedelta(microseconds=1)
"""A day is asked about at its last instant, so that what it tells stands under that day and not the next."""


def tell_past_days(segments: Sequence[Segment], days: int, now: datetime, progress: Progress) -> int:
    """Tell the last ``days`` days before today, shop zone, the oldest first; how many were told.

    Raises Refusal for a segment that has a history, refers to others, or asks for what has no past.
    """
    with session_lock(Lock.SEGMENT_RUN):
        rules = [(segment, _fit(segment)) for segment in segments]
        instants = last_instants(days, now)
        for done, instant in enumerate(instants, 1):
            in_snapshot(lambda at=instant: _tell(rules, at))  # type: ignore[misc]  # bound to this turn
            progress(done, days)
    return len(instants)


def last_instants(days: int, now: datetime) -> list[datetime]:
    """The last instant of each of the days before today, shop zone, the oldest first."""
    today = today_in_shop(now)
    return [midnight(today - timedelta(days=back)) - A_MOMENT for back in reversed(range(days))]


def _fit(segment: Segment) -> Rule:
    rule = parse(segment.rule)
    begun = segment.computed_at is not None or segment.state != SegmentState.NEEDS_REBUILD
    if begun or SegmentRun.objects.filter(segment=segment).exists():
        raise Refusal("has_a_history", _("Its history has begun; earlier days cannot be told before it."))
    words = Words()
    if rule.segments() or any(one.of_today(words) for one in rule.root.conditions()):
        raise Refusal("no_past", _("The rule asks for something whose past is not known."))
    return rule


def _tell(rules: Sequence[tuple[Segment, Rule]], instant: datetime) -> None:
    """One day of all these segments, as a run of its own."""
    started = time.monotonic()
    run = Run.objects.create(kind=RunKind.REBUILD, now=instant)
    as_of = AsOf(instant, past=True)
    rows = [_of_segment(segment, rule, run, as_of) for segment, rule in rules]
    SegmentRun.objects.bulk_create(rows)
    run.entered, run.left = sum(row.entered for row in rows), sum(row.left for row in rows)
    run.milliseconds = round((time.monotonic() - started) * 1000)
    run.save(update_fields=["entered", "left", "milliseconds"])


def _of_segment(segment: Segment, rule: Rule, run: Run, as_of: AsOf) -> SegmentRun:
    started = time.monotonic()
    found = apply_to_everybody(segment, rule, run, as_of, ChangeCause.HISTORY)
    return SegmentRun(
        run=run, segment=segment, rule_version=segment.rule_version, checked=found.size,
        entered=found.entered, left=found.left, size=found.size,
        milliseconds=round((time.monotonic() - started) * 1000),
    )  # fmt: skip
