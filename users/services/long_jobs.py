"""Long work in chunks of one transaction each, under a lease, with progress and a way to stop it.

A kind of job registers a function that does its next chunk. The runner calls it until it says it is finished;
a worker that dies in between leaves a lease that runs out, and the next one carries on after the last chunk.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from config.kit import clock, told
from config.kit.registry import Registry
from users.models import LongJob, Operator
from users.services import audit
from users.services.jobs import nudge

OPEN = (LongJob.State.WAITING, LongJob.State.RUNNING)
LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one call did: how many more are done, what to remember, a step to show, whether that was all."""

    done: int = 0
    finished: bool = False
    step: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    result: Any = None


ChunkAct = Callable[[LongJob, datetime], Chunk]
chunk_acts: Registry[ChunkAct] = Registry("kind of long job")


def runs(kind: str) -> Callable[[ChunkAct], ChunkAct]:
    """Register a function as the one that does the chunks of jobs of ``kind``."""
    return lambda act: chunk_acts.register(kind, act)


def start(
    kind: str,
    *,
    title: str | told.Wording,
    by: Operator | None,
    parameters: dict[str, Any] | None = None,
    total: int | None = None,
    actor: str = "",
) -> LongJob:
    """Ask for a long job in the caller's transaction; it begins within seconds of the commit.

    A ``title`` that is a function is said in every language, so that whoever reads it does so in their own.
    ``actor``: the key that asked, where no operator did.
    """
    held = dict(parameters or {})
    if actor:
        held["actor"] = actor
    if callable(title):
        held["titles"] = told.in_every_language(title)
        title = title()
    job = LongJob.objects.create(
        kind=kind, title=title[: told.LONGEST], by=by, parameters=held, total=total, created_at=clock.now()
    )
    nudge("users.run_long_jobs")
    return job


def cancel(job_id: int, *, by: Operator | None, actor: str = "") -> None:
    """Ask a job to stop before its next chunk; one that has ended stays as it ended."""
    with transaction.atomic():
        job = LongJob.objects.filter(pk=job_id, state__in=OPEN, cancel_asked=False).first()
        if job is not None:
            LongJob.objects.filter(pk=job.pk).update(cancel_asked=True)
            audit.record("job.cancel", by=by, actor=actor, target=job)


def run_due(*, seconds: float = 20) -> int:
    """Do chunks of the open jobs, oldest first, for about ``seconds``; the number of chunks done."""
    until = time.monotonic() + seconds
    chunks = 0
    while time.monotonic() < until and (job := _claim()):
        while time.monotonic() < until and job.state == LongJob.State.RUNNING:
            _do_chunk(job)
            chunks += 1
        LongJob.objects.filter(pk=job.pk).update(lease_until=None)
    return chunks


@transaction.atomic
def _claim() -> LongJob | None:
    now = clock.lease_now()
    job = (
        LongJob.objects.select_for_update(skip_locked=True)
        .filter(state__in=[LongJob.State.WAITING, LongJob.State.RUNNING], kind__in=chunk_acts.names())
        .filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now))
        .order_by("created_at", "pk")
        .first()
    )
    if job:
        job.state = LongJob.State.RUNNING
        job.started_at = job.started_at or now
        job.lease_until = now + LEASE
        job.save(update_fields=["state", "started_at", "lease_until"])
    return job


def _do_chunk(job: LongJob) -> None:
    """One chunk and its progress in one transaction; a failure is counted, and fatal the fifth time."""
    try:
        with transaction.atomic():
            job.refresh_from_db()
            if job.cancel_asked:
                _close(job, LongJob.State.CANCELLED)
                return
            _note(job, chunk_acts[job.kind](job, clock.now()))
    except Exception as problem:
        # Whatever a chunk raises, the job must say so instead of being tried for ever.
        LongJob.objects.filter(pk=job.pk).update(
            attempts=F("attempts") + 1, error=f"{type(problem).__name__}: {problem}"[:2000], lease_until=None
        )
        job.refresh_from_db()
        if job.attempts >= MAX_ATTEMPTS:
            _close(job, LongJob.State.FAILED)
        raise


def _note(job: LongJob, chunk: Chunk) -> None:
    job.done += chunk.done
    job.step = chunk.step
    job.parameters = {**job.parameters, **chunk.parameters}
    job.attempts = 0
    job.lease_until = clock.lease_now() + LEASE
    job.save(update_fields=["done", "step", "parameters", "attempts", "lease_until"])
    if chunk.finished:
        job.result = chunk.result
        _close(job, LongJob.State.DONE)


def _close(job: LongJob, state: str) -> None:
    job.state = state
    job.finished_at = clock.lease_now()
    job.lease_until = None
    job.save(update_fields=["state", "finished_at", "lease_until", "result"])
