"""Answers of reports that take too long for a page: asked for by it, computed in parts, and kept for the shop's day."""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from config.kit.refusal import Refusal
from users.models import LongJob, Operator
from users.reports import funnel, stored
from users.reports.figures import today_in_shop
from users.services import long_jobs
from users.services.long_jobs import Chunk, runs

KIND = "users.answer_report"
MOST_OPEN = 10
"""Questions that wait at once; operators who try many splits would keep the worker from other work."""

Reader = Callable[[Mapping[str, str], datetime], stored.Question]
"""The question of a report's address, as of an instant."""
READERS: Mapping[str, Reader] = {"funnel": lambda asked, now: funnel.question(funnel.read(asked, now))}


def under_way(question: stored.Question) -> LongJob | None:
    """The job that computes a question's answer, if there is one."""
    return _jobs(question).filter(state__in=long_jobs.OPEN).first()


def ask(report: str, asked: Mapping[str, str], now: datetime, *, by: Operator) -> LongJob:
    """Have the question of an address answered in parts; the job, also one that was there. Raises Refusal.

    Two who ask at the same time may both begin: the second finds every part kept.
    """
    question = READERS[report](asked, now)
    if job := under_way(question):
        return job
    failed = _jobs(question).filter(state=LongJob.State.FAILED, parameters__day=_day(now)).exists()
    if failed:
        raise Refusal(
            "too_slow", _("This question takes too long. Choose a shorter period, or take the split away.")
        )
    if LongJob.objects.filter(kind=KIND, state__in=long_jobs.OPEN).count() >= MOST_OPEN:
        raise Refusal("too_many", _("Many reports are being computed. Wait until one of them is there."))
    told = {"report": report, "asked": dict(asked), "question": question.key(), "day": _day(now)}
    with transaction.atomic():
        return long_jobs.start(
            KIND, title=lambda: _("Report: funnel"), by=by, parameters=told, total=question.parts
        )


@runs(KIND)
def answer_part(job: LongJob, now: datetime) -> Chunk:
    """The next part of the answer; when all are there, the answer."""
    question = READERS[job.parameters["report"]](job.parameters["asked"], now)
    is_done = stored.prepare(question, now, until=0)
    parts = question.parts if is_done else stored.done_parts(question, now)
    return Chunk(done=parts - job.done, finished=is_done)


def _jobs(question: stored.Question) -> QuerySet[LongJob]:
    return LongJob.objects.filter(kind=KIND, parameters__question=question.key()).order_by("-pk")


def _day(now: datetime) -> str:
    return today_in_shop(now).isoformat()
