"""Scheduled jobs: one effect per (job, slot), with a row that says how it went; and nudges in between."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from celery import Task, current_app, shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from config.kit import clock
from config.schedule import job as scheduled_job
from users.models import JobRun

log = logging.getLogger(__name__)

Act = Callable[[datetime], Any]

REST = 10.0
"""Seconds without nudges once Redis did not take one; the schedule looks all the same when it is back."""
_away_until = 0.0


def scheduled(name: str) -> Callable[[Act], "Task[..., None]"]:
    """Make ``act(now)`` the task of the job ``name`` of ``config.schedule``.

    The task called plainly (by beat) runs once per slot; called with ``nudged=True`` it runs at once and
    leaves no row. What the act returns (a small JSON value) is shown on the jobs page.
    """
    job = scheduled_job(name)

    def register(act: Act) -> "Task[..., None]":
        def task(nudged: bool = False) -> None:
            if nudged:
                act(clock.now())
            else:
                run_slot(name, act, slot_seconds=job.every.total_seconds())

        task.__doc__ = act.__doc__
        task.__module__ = act.__module__
        made: Task[..., None] = shared_task(name=name)(task)
        return made

    return register


def run_slot(name: str, act: Act, *, slot_seconds: float) -> JobRun | None:
    """Run ``act`` unless the current slot of the job has been run; its row, or None when it had been.

    Slots are counted on the lease clock, so that moving business time does not skip or repeat any. What
    the act raises is written to the row and raised again.
    """
    started = clock.lease_now()
    run, mine = JobRun.objects.get_or_create(
        job=name, slot=int(started.timestamp() // slot_seconds), defaults={"started_at": started}
    )
    if not mine:
        return None
    ticks = time.monotonic()
    try:
        result = act(clock.now())
    except Exception as problem:
        _finish(run, ticks, error=f"{type(problem).__name__}: {problem}"[:2000])
        raise
    _finish(run, ticks, result=result)
    return run


def nudge(name: str) -> None:
    """After the commit, ask for a job to look at once. A lost nudge costs delay, nothing else."""
    transaction.on_commit(lambda: _send(name))


def _send(name: str) -> None:
    """Send, unless Redis was away a moment ago: finding that out takes seconds, and somebody waits for the answer."""
    global _away_until  # noqa: PLW0603 - one memory per process is the point
    if _away_until:
        if time.monotonic() < _away_until:
            return
        _away_until = (
            time.monotonic() + REST
        )  # this one asks whether it is back, the others do not wait for it
    try:
        current_app.send_task(
            name, kwargs={"nudged": True}, queue=scheduled_job(name).queue, expires=30, retry=False
        )
        _away_until = 0.0
    except OperationalError:
        _away_until = time.monotonic() + REST
        log.warning("nudge_lost", extra={"job": name})


def _finish(run: JobRun, ticks: float, *, result: Any = None, error: str = "") -> None:
    JobRun.objects.filter(job=run.job, slot=run.slot).update(
        finished_at=clock.lease_now(),
        milliseconds=round((time.monotonic() - ticks) * 1000),
        result=result,
        error=error,
    )
