"""The lifecycle of one customer: six stages as a function of activity and time (definitions.md, Lifecycle).

This is the machine in its plainest form, without a database: what `users/services/sql/derive_moves.sql` does
for many customers at once must give the same, and the tests hold the two against each other.

A *run* of activity is a stretch without a gap of ``dormant_after`` or more. Every move follows from the runs
alone: a run begins (new or returning), grows old (active), falls silent (dormant), stays silent (churned).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from users.models import MoveCause, Stage


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How long a stage lasts. ``new_for`` ≤ ``dormant_after`` < ``churned_after``; a day is 24 hours."""

    new_for: timedelta
    dormant_after: timedelta
    churned_after: timedelta
    returning_for: timedelta


@dataclass(frozen=True, slots=True)
class Run:
    """Activity from ``began`` to ``ended`` (both instants of activity) without a long gap in between."""

    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """A change of stage, true from ``at`` on."""

    at: datetime
    from_stage: Stage
    to_stage: Stage
    cause: MoveCause


def stage_at(t: datetime, activity: Iterable[datetime], thresholds: Thresholds) -> Stage:
    """The stage at ``t``: the first rule of the definition that holds over the activity up to ``t``."""
    runs = runs_of((instant for instant in activity if instant <= t), thresholds.dormant_after)
    if not runs:
        return Stage.PROSPECT
    silence = t - runs[-1].ended
    if silence >= thresholds.churned_after:
        return Stage.CHURNED
    if silence >= thresholds.dormant_after:
        return Stage.DORMANT
    if len(runs) > 1 and t - runs[-1].began < thresholds.returning_for:
        return Stage.RETURNING
    if t - runs[0].began < thresholds.new_for:
        return Stage.NEW
    return Stage.ACTIVE


def runs_of(activity: Iterable[datetime], gap: timedelta) -> list[Run]:
    """The runs of activity, oldest first; a run ends where the next activity is ``gap`` or more away."""
    runs: list[Run] = []
    for instant in sorted(activity):
        if runs and instant - runs[-1].ended < gap:
            runs[-1] = Run(runs[-1].began, instant)
        else:
            runs.append(Run(instant, instant))
    return runs


def moves(activity: Iterable[datetime], thresholds: Thresholds) -> list[Move]:
    """Every move, oldest first, those still to come included (what happens if nothing more happens)."""
    runs = runs_of(activity, thresholds.dormant_after)
    found: list[Move] = []
    stage = Stage.PROSPECT
    for number, run in enumerate(runs):
        following = runs[number + 1].began if number + 1 < len(runs) else None
        for at, to_stage, cause in _moments(run, following, thresholds, is_first=number == 0):
            if to_stage is not stage:
                found.append(Move(at, stage, to_stage, cause))
            stage = to_stage
    return found


def next_move_at(moves: Sequence[Move], now: datetime) -> datetime | None:
    """When time alone will move the stage next, or None when it never will."""
    return next((move.at for move in moves if move.at > now), None)


def _moments(
    run: Run, following: datetime | None, thresholds: Thresholds, *, is_first: bool
) -> Iterable[tuple[datetime, Stage, MoveCause]]:
    """What one run brings about, in order. At one instant activity outdoes silence, and silence age."""
    silent_at = run.ended + thresholds.dormant_after
    lost_at = run.ended + thresholds.churned_after
    settled_at = run.began + (thresholds.new_for if is_first else thresholds.returning_for)
    yield run.began, Stage.NEW if is_first else Stage.RETURNING, MoveCause.EVENT
    if settled_at < silent_at:
        yield settled_at, Stage.ACTIVE, MoveCause.CLOCK
    if following is None or silent_at < following:
        yield silent_at, Stage.DORMANT, MoveCause.CLOCK
    if following is None or lost_at < following:
        yield lost_at, Stage.CHURNED, MoveCause.CLOCK
