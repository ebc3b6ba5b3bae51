"""Long jobs: chunk by chunk, carried on after a crash, stopped when asked, failed in the end."""

from datetime import datetime, timedelta

import pytest

from config.kit import clock
from users.models import IdempotencyRecord, JobRun, LongJob
from users.services import long_jobs, sweep
from users.services.long_jobs import Chunk

pytestmark = pytest.mark.django_db


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> str:
    """A kind of job that counts to three, and stumbles when its parameters say so."""

    def count(job: LongJob, now: datetime) -> Chunk:
        if job.parameters.get("stumble"):
            raise RuntimeError("stumbled")
        return Chunk(
            done=1, finished=job.done == 2, step=f"step {job.done + 1}", result={"counted": job.done + 1}
        )

    monkeypatch.setitem(long_jobs.chunk_acts._entries, "test.count", count)
    return "test.count"


def test_a_job_runs_in_chunks_to_its_end(counting: str) -> None:
    job = long_jobs.start(counting, title="Count", by=None, total=3)
    assert long_jobs.run_due() == 3
    job.refresh_from_db()
    assert (job.state, job.done, job.step, job.result) == ("done", 3, "step 3", {"counted": 3})
    assert (job.lease_until, job.finished_at is not None) == (None, True)
    assert long_jobs.run_due() == 0


def test_a_job_that_is_asked_to_stop_stops_before_its_next_chunk(counting: str) -> None:
    job = long_jobs.start(counting, title="Count", by=None)
    long_jobs.cancel(job.pk, by=None)
    long_jobs.run_due()
    job.refresh_from_db()
    assert (job.state, job.done) == ("cancelled", 0)


def test_a_job_left_by_a_dead_worker_is_carried_on_when_its_lease_is_over(counting: str) -> None:
    job = long_jobs.start(counting, title="Count", by=None)
    LongJob.objects.update(state="running", done=1, lease_until=clock.lease_now() + timedelta(seconds=30))
    assert long_jobs.run_due() == 0
    LongJob.objects.update(lease_until=clock.lease_now() - timedelta(seconds=1))
    assert long_jobs.run_due() == 2
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 3)


def test_a_job_that_keeps_stumbling_fails_with_its_reason(counting: str) -> None:
    job = long_jobs.start(counting, title="Count", by=None, parameters={"stumble": True})
    for _ in range(long_jobs.MAX_ATTEMPTS):
        with pytest.raises(RuntimeError):
            long_jobs.run_due()
    job.refresh_from_db()
    assert (job.state, job.attempts, job.error) == ("failed", 5, "RuntimeError: stumbled")
    assert long_jobs.run_due() == 0


def test_old_job_runs_and_answers_are_removed() -> None:
    now, bare = clock.now(), clock.lease_now()
    for age in (1, 8):
        JobRun.objects.create(job="test.job", slot=age, started_at=bare - timedelta(days=age))
        IdempotencyRecord.objects.create(
            caller="c",
            key=str(age),
            request_digest="",
            status=200,
            answer={},
            created_at=now - timedelta(days=age - 1),
        )
    removed = sweep.remove_old(now)
    assert (removed["job_runs"], removed["answers"]) == (1, 1)
