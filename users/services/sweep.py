"""Removing what only the recent past needs: job runs, stored answers to repeated calls."""

from datetime import datetime, timedelta

from config.kit import clock
from users.models import IdempotencyRecord, JobRun
from users.services import dead_letters
from users.services.order_letters import release_waiting

JOB_RUNS_FOR = timedelta(days=7)
ANSWERS_FOR = timedelta(hours=48)


def remove_old(now: datetime) -> dict[str, int]:
    """Remove what is old; how many rows of each. Also lets go of refunds whose order has come meanwhile."""
    runs, _ = JobRun.objects.filter(started_at__lt=clock.lease_now() - JOB_RUNS_FOR).delete()
    answers, _ = IdempotencyRecord.objects.filter(created_at__lt=now - ANSWERS_FOR).delete()
    return {
        "job_runs": runs,
        "answers": answers,
        "dead_letters": dead_letters.forget_old(now),
        "released": release_waiting(),
    }
