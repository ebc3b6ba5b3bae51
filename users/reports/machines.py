"""How the machines are doing: the last run of each scheduled job, and what waits at the front door."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from config.kit.batches import fetch
from config.schedule import JOBS, Job

MOST_COUNTED = 10_000
"""Waiting rows are counted up to here: more is "many", and counting must stay cheap."""


@dataclass(frozen=True, slots=True)
class JobState:
    """A job of the schedule and its last run; the times are null when it has never run."""

    job: Job
    state: Literal["fine", "running", "failed", "late", "never"]
    started_at: datetime | None
    milliseconds: int | None
    result: Any
    """What the job returned: a small JSON value, mostly named figures."""
    error: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits to be applied: bodies (at most MOST_COUNTED are counted) and the age of the oldest."""

    bodies: int
    oldest: timedelta | None
    dead_letters: int
    stuck_events: int


def job_states(now: datetime) -> list[JobState]:
    """Every job in the order of the schedule; ``now`` is the lease clock.

    One index look-up per job: the newest row of thousands, which DISTINCT ON would all read.
    """
    names = [job.name for job in JOBS]
    rows = fetch(
        """
        SELECT name, run.started_at, run.finished_at, run.milliseconds, run.result, run.error
        FROM unnest(%s::text[]) AS name
        CROSS JOIN LATERAL (
            SELECT * FROM users_jobrun WHERE job = name ORDER BY started_at DESC LIMIT 1
        ) AS run
        """,
        [names],
    )
    found = {name: rest for name, *rest in rows}
    return [_state(job, found.get(job.name), now) for job in JOBS]


def waiting(now: datetime) -> Waiting:
    """The queues of the front door; ``now`` is business time."""
    ((bodies, oldest, letters, stuck),) = fetch(
        """
        SELECT (SELECT count(*) FROM (SELECT FROM users_intakebody LIMIT %(most)s) AS first),
               (SELECT received_at FROM users_intakebody ORDER BY id LIMIT 1),
               (SELECT count(*) FROM
                   (SELECT FROM users_deadletter WHERE replayed_at IS NULL LIMIT %(most)s) AS first),
               (SELECT count(*) FROM
                   (SELECT FROM users_outbox WHERE parked_at IS NOT NULL LIMIT %(most)s) AS first)
        """,
        {"most": MOST_COUNTED},
    )
    return Waiting(bodies, now - oldest if oldest else None, letters, stuck)


def _state(job: Job, run: list[Any] | None, now: datetime) -> JobState:
    if run is None:
        return JobState(job, "never", None, None, None, "")
    started_at, finished_at, milliseconds, result, error = run
    state: Literal["fine", "running", "failed", "late"] = "fine"
    if error:
        state = "failed"
    elif now - started_at > max(2 * job.every, job.every + timedelta(minutes=1)):
        state = "late"
    elif finished_at is None:
        state = "running"
    return JobState(job, state, started_at, milliseconds, json.loads(result or "null"), error)
