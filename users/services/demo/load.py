"""Loading the demo shop: all parts the apps lend, in order of position, resumable after a kill."""

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from config.kit import clock
from config.kit.locks import Lock, session_lock
from users.demo import DemoPart, Progress, demo_parts
from users.models import IntakeBody, LongJob
from users.services.demo import state
from users.services.demo.door import bodies, front_door
from users.services.demo.instants import start_of
from users.services.demo.lives import everybody, people_count
from users.services.demo.storytelling import Call

log = logging.getLogger(__name__)

CUSTOMERS_POSITION = 20
CUSTOMERS_SHARE = 80  # percent of the bar: handing in and applying the history takes most of the time
PATIENCE = 3.0
WEB_STARTS_WITHIN = 20.0
ONE_DAY = timedelta(hours=24)


def load_demo() -> bool:
    """Load the demo shop or carry on with it; whether anything was done. One process at a time."""
    with session_lock(Lock.DEMO, wait=False) as mine:
        job = state.job_to_run() if mine else None
        if job is None:
            return False
        try:
            _load_parts(job)
        except BaseException as problem:
            _settle(
                job,
                LongJob.State.FAILED,
                error=f"{type(problem).__name__}: {problem}"[:2000],
            )
            raise
        _settle(job, LongJob.State.DONE)
        return True


def load_customers(now: datetime, progress: Progress) -> None:
    """Hand in everybody's life up to the anchor: as history, and what is younger than a day as it happens."""
    job = state.demo_job()
    assert job is not None, "the demo's parts are loaded by load_demo"
    recent: list[tuple[datetime, Call]] = []
    calls = _history(job, recent, progress)
    with front_door(patience=WEB_STARTS_WITHIN) as door:
        for number, (body, _) in enumerate(bodies(calls), start=1):
            if number > job.parameters["bodies"]:
                door.hand_in(body, history=True)
                state.remember(job, bodies=number)
        _wait_until_applied(job)  # a refund of yesterday must not overtake its order
        recent.sort(key=lambda told: told[0])
        door.hand_in_all((call for _, call in recent), history=False)


def _history(job: LongJob, recent: list[tuple[datetime, Call]], progress: Progress) -> Iterator[Call]:
    """Calls older than a day when the job began, customer by customer; the younger ones go to ``recent``."""
    anchor, total = state.anchor_of(job), people_count()
    edge = job.created_at - ONE_DAY
    for done, story in enumerate(everybody(anchor, start_of(anchor + timedelta(days=1))), start=1):
        for at, call in story.calls:
            if at < edge:
                yield call
            else:
                recent.append((at, call))
        if done % 500 == 0:
            progress(done, total)


def _load_parts(job: LongJob) -> None:
    parts = sorted(demo_parts, key=lambda part: part.position)
    later = max(1, sum(part.position > CUSTOMERS_POSITION for part in parts))
    at = 0.0
    for part in parts:
        share = _share(part, later)
        if part.name not in job.parameters["parts"]:
            if part.position > CUSTOMERS_POSITION:
                _wait_until_applied(job)
            _load_part(job, part, begin=at, share=share)
        at += share


def _share(part: DemoPart, later: int) -> float:
    """How much of the bar a part gets."""
    if part.position < CUSTOMERS_POSITION:
        return 0.0
    return CUSTOMERS_SHARE if part.position == CUSTOMERS_POSITION else (100 - CUSTOMERS_SHARE) / later


def _load_part(job: LongJob, part: DemoPart, *, begin: float, share: float) -> None:
    def progress(done: int, total: int) -> None:
        _show(job, int(begin + share * done / max(total, 1)), part.title)

    progress(0, 1)
    began = time.monotonic()
    part.load(clock.now(), progress)
    log.info("demo_part_loaded", extra={"part": part.name, "seconds": round(time.monotonic() - began, 1)})
    state.remember(job, parts=[*job.parameters["parts"], part.name])


def _wait_until_applied(job: LongJob) -> None:
    """Wait for the intake queue to drain; where no worker takes from it, apply it here."""
    from users.services import intake

    left, since = IntakeBody.objects.count(), time.monotonic()
    while left:
        _show(job, CUSTOMERS_SHARE, gettext_noop("Working through the order history"))
        time.sleep(0.3)
        still = IntakeBody.objects.count()
        if still < left:
            left, since = still, time.monotonic()
        elif time.monotonic() - since > PATIENCE:
            intake.apply_waiting(50)


def _show(job: LongJob, percent: int, step: str) -> None:
    job.done, job.step = percent, step
    job.save(update_fields=["done", "step"])


def _settle(job: LongJob, end: LongJob.State, error: str = "") -> None:
    job.state, job.error, job.finished_at, job.step = end, error, clock.now(), ""
    if end == LongJob.State.DONE:
        job.done = 100
    job.save(update_fields=["state", "error", "finished_at", "step", "done"])
