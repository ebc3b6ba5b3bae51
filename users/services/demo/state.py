"""What the database knows of its demo shop: one long job of kind "demo", with how far the shop has lived."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_noop

from config.kit import clock
from users.models import Customer, LongJob
from users.services.demo.instants import shop_day, start_of

KIND = "demo"
OPEN_STATES = (LongJob.State.WAITING, LongJob.State.RUNNING, LongJob.State.FAILED)


def demo_job() -> LongJob | None:
    """The job that loaded this database's demo shop, or is loading it; None when it has none."""
    return LongJob.objects.filter(kind=KIND).first()


def is_demo() -> bool:
    """Whether this database is a demo shop that has been loaded."""
    return LongJob.objects.filter(kind=KIND, state=LongJob.State.DONE).exists()


@transaction.atomic
def job_to_run() -> LongJob | None:
    """The job to begin or to carry on; None when the demo is loaded or the database holds anything else."""
    job = demo_job()
    if job is not None:
        return job if job.state in OPEN_STATES else None
    if Customer.objects.exists():
        return None
    now = clock.now()
    anchor = shop_day(now) - timedelta(days=1)
    return LongJob.objects.create(
        kind=KIND,
        title=gettext_noop("Load the demo shop"),
        created_at=now,
        started_at=now,
        state=LongJob.State.RUNNING,
        total=100,
        parameters={"anchor": anchor.isoformat(), "parts": [], "bodies": 0},
    )


def anchor_of(job: LongJob) -> date:
    """The shop day at which the log was cut: the day before the demo was loaded."""
    return date.fromisoformat(job.parameters["anchor"])


def lived_until(job: LongJob) -> datetime:
    """Up to when the shop's life has been handed in."""
    told = job.parameters.get("lived_until")
    return datetime.fromisoformat(told) if told else start_of(anchor_of(job) + timedelta(days=1))


def remember(job: LongJob, **facts: object) -> None:
    """Keep facts with the job, beside what others have kept meanwhile."""
    job.refresh_from_db(fields=["parameters"])
    job.parameters = {**job.parameters, **facts}
    job.save(update_fields=["parameters"])
