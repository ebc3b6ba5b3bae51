"""Refreshing: every live segment brought to one new instant, at a cost that follows what changed.

A customer's answer can only have changed if somebody touched a topic that the rule reads, if time alone
carried something over an edge of one of its conditions, or if a segment it refers to changed. Nobody else
is looked at, and a segment without such a customer costs nothing but its share of the one statement that
says so. ``tests/segments/test_exact.py`` holds the outcome to a computation from scratch.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction

from config.kit import clock
from config.kit.batches import execute, fetch
from config.kit.locks import Lock, session_lock
from config.kit.refusal import Refusal
from segments.models import Run, RunKind, Segment, SegmentRun, SegmentState
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.rules.tree import Rule
from segments.services import tag_keeping
from segments.services.affected import (
    Looked,
    add_children,
    affected_by_segment,
    empty_tables,
    find_affected,
    take_touched,
)
from segments.services.announce import announce
from segments.services.copies import copy_what_is_shared
from segments.services.difference import Difference, apply_to_affected
from segments.services.order import in_order, referred
from segments.services.snapshot import concerns_the_whole_run, in_snapshot
from users.services.stages import move_stages

# Beyond this share of all customers the grouped form of an aggregate is cheaper than the correlated one:
# at 20 M events 1.2 s for everybody against 0.02 s per 1,200 customers.
FEW = 15
# How long a shop in which nothing happens waits for what time alone changes.
QUIET = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did. ``failed``: segments that now wait for a rebuild."""

    run: Run
    segments: int
    entered: int
    left: int
    failed: tuple[str, ...]


def refresh(now: datetime | None = None, *, wait: bool = True) -> Refreshed | None:
    """Bring all live segments to ``now``; None when another run is at work and ``wait`` is false.

    Stages are moved first and in transactions of their own: they lock customers' rows, which a long
    snapshot must not do. A stage moved meanwhile touches its customer.
    """
    with session_lock(Lock.SEGMENT_RUN, wait=wait) as taken:
        if not taken:
            return None
        at = now or clock.now()
        moved = move_stages(at)
        return in_snapshot(lambda: refresh_all(at, stage_moves=moved, kind=RunKind.REFRESH))


def is_due(now: datetime) -> bool:
    """Whether a refresh has something to do: somebody is touched, or the last one is some seconds old.

    Three short look-ups, so that it may be asked every other second.
    """
    ((due,),) = fetch(
        """
        SELECT EXISTS (SELECT FROM users_touched)
            OR EXISTS (SELECT FROM users_standing WHERE next_move_at <= %s)
            OR NOT EXISTS (SELECT FROM segments_run WHERE kind = 'refresh' AND now > %s)
        """,
        [now, now - QUIET],
    )
    return bool(due)


def refresh_all(now: datetime, *, stage_moves: int, kind: RunKind) -> Refreshed:
    """The refresh proper, inside the snapshot."""
    started = time.monotonic()
    empty_tables()
    run = Run.objects.create(kind=kind, now=now, stage_moves=stage_moves)
    run.touched = take_touched()
    work = _Work(run, AsOf(now))
    work.begin(in_order(Segment.objects.by_rule().filter(state=SegmentState.LIVE)))
    for one in work.looked:
        work.bring_up_to_date(one)
    work.keep()
    rows = work.rows
    run.entered, run.left = sum(row.entered for row in rows), sum(row.left for row in rows)
    run.milliseconds = _since(started)
    run.save(update_fields=["touched", "entered", "left", "milliseconds"])
    failed = tuple(row.segment.name for row in rows if row.error)
    return Refreshed(run, len(work.done), run.entered, run.left, failed)


class ClockWentBack(Exception):
    """Business time was set back; what time carried over an edge cannot be told from slices."""


@dataclass
class _Work:
    """One refresh under way. ``done``: segments that are exact now, with their size; ``rows``: what was done."""

    run: Run
    as_of: AsOf
    looked: list[Looked] = field(default_factory=list)
    waiting: dict[int, int] = field(default_factory=dict)
    done: dict[int, int] = field(default_factory=dict)
    rows: list[SegmentRun] = field(default_factory=list)
    copied: AsOf | None = None
    few: int | None = None
    lists: set[int] = field(default_factory=set)
    keepers: set[int] = field(default_factory=set)

    def begin(self, segments: list[Segment]) -> None:
        """Read the rules and find, for all of them at once, who has to be looked at.

        One that refers to a segment that is not kept up to date stays as it was and grows stale.
        """
        self.lists = set(Segment.objects.lists().values_list("pk", flat=True))
        self.keepers = tag_keeping.keepers()
        ready = set(self.lists)
        for segment in segments:
            if not referred(segment.rule) <= ready:
                continue
            try:
                self.looked.append(Looked(segment, self._readable(segment)))
            except (Refusal, ClockWentBack) as problem:
                self._fail(segment, problem)
            else:
                ready.add(segment.pk)
        failed = find_affected(self.looked, self.as_of, touched=self.run.touched > 0)
        for one in [one for one in self.looked if one.segment.pk in failed]:
            self._fail(one.segment, failed[one.segment.pk])
            self.looked.remove(one)
        self.waiting = affected_by_segment()
        self._share()

    def _share(self) -> None:
        """Copy once what those segments read that look at a few customers each."""
        asking = self.as_of.asked_for(everybody=False)
        few = [one for one in self.looked if 0 < self.waiting.get(one.segment.pk, 0) <= self._few()]
        self.copied = copy_what_is_shared(few, asking, most=self._few())

    def _readable(self, segment: Segment) -> Rule:
        assert segment.computed_at is not None
        if self.run.now < segment.computed_at:
            raise ClockWentBack(f"{self.run.now} is before {segment.computed_at}")
        return parse(segment.rule)

    def bring_up_to_date(self, one: Looked) -> None:
        """One segment behind a savepoint: if it fails it waits for a rebuild, and the others go on."""
        children = one.rule.segments()
        if not children <= self.done.keys() | self.lists:
            return  # What it refers to failed just now.
        started = time.monotonic()
        affected = self.waiting.get(one.segment.pk, 0)
        try:
            if children:
                affected += add_children(one.segment, one.rule)
            if affected:
                self._look_again(one, affected, started)
            else:
                self.done[one.segment.pk] = one.segment.size
        except (DatabaseError, Refusal) as problem:
            if concerns_the_whole_run(problem):
                raise
            self._fail(one.segment, problem)

    def _look_again(self, one: Looked, affected: int, started: float) -> None:
        segment = one.segment
        with transaction.atomic():
            everybody = affected > self._few()
            asking = self.as_of.asked_for(everybody=everybody)
            copied = None if everybody else self.copied
            difference: Difference = apply_to_affected(segment, one.rule, self.run, asking, copied)
            if difference.entered or difference.left:
                announce(segment, self.run)
                if segment.pk in self.keepers:
                    tag_keeping.follow(segment, self.run)
        self.done[segment.pk] = difference.size
        self.rows.append(
            SegmentRun(
                run=self.run,
                segment=segment,
                rule_version=segment.rule_version,
                checked=affected,
                entered=difference.entered,
                left=difference.left,
                size=difference.size,
                milliseconds=_since(started),
            )
        )

    def _fail(self, segment: Segment, problem: Exception) -> None:
        error = f"{type(problem).__name__}: {problem}"[:2000]
        row = SegmentRun(run=self.run, segment=segment, rule_version=segment.rule_version, error=error)
        self.rows.append(row)

    def keep(self) -> None:
        """Write what was done: one statement for all segments that are exact now, one for those that failed."""
        execute(
            """
            UPDATE segments_segment segment SET computed_at = %s, computed_in = %s, size = done.size, error = ''
            FROM unnest(%s::bigint[], %s::integer[]) AS done (id, size) WHERE segment.id = done.id
            """,
            [self.run.now, self.run.pk, list(self.done), list(self.done.values())],
        )
        failed = [row for row in self.rows if row.error]
        if failed:
            execute(
                """
                UPDATE segments_segment segment SET state = 'needs_rebuild', error = failed.error
                FROM unnest(%s::bigint[], %s::text[]) AS failed (id, error) WHERE segment.id = failed.id
                """,
                [[row.segment_id for row in failed], [row.error for row in failed]],
            )
        SegmentRun.objects.bulk_create(self.rows)

    def _few(self) -> int:
        """How many customers are a few, from the planner's statistics; asked once per run."""
        if self.few is None:
            ((everybody,),) = fetch(
                "SELECT reltuples::bigint FROM pg_class WHERE oid = 'users_customer'::regclass"
            )
            self.few = max(int(everybody), 0) // FEW
        return self.few


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
