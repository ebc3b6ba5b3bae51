"""Counting the days of the reports: recent ones at once, all as a long job once a day and after long work."""

from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from config.kit import clock
from users.models import ActiveFigures, LongJob, StageFlow
from users.reports import rollups
from users.reports.figures import today_in_shop
from users.services import asked_answers
from users.services.long_jobs import OPEN, Chunk, runs, start
from users.services.stage_study import REPLAY, STUDY

COUNT = "users.count_days"
SLICE = timedelta(days=10)
# Long work that changes no customer: it asks for nothing to be counted again.
READ_ONLY = (COUNT, STUDY, REPLAY, asked_answers.KIND)


def count(now: datetime) -> bool:
    """Count the recent days; whether all days were asked for, too."""
    due = is_due(now)
    rollups.count_days(now, first=rollups.recent_since(now), last=today_in_shop(now))
    if due:
        start(COUNT, title=lambda: _("Count active customers of all days"), by=None)
    return due


def is_due(now: datetime) -> bool:
    """Whether older days have to be counted again: a day after the last time, and after long work."""
    if rollups.earliest_day() >= rollups.recent_since(now):
        return False
    if LongJob.objects.filter(kind=COUNT, state__in=OPEN).exists():
        return False
    counted = rollups.counted_since()
    older = ActiveFigures.objects.filter(day__lt=rollups.recent_since(now)).exists()
    if counted is None or not older or counted < now - timedelta(hours=24):
        return True
    # Long work is timed by the clock of work, which nothing moves.
    ended = LongJob.objects.filter(finished_at__gte=clock.lease_now() - (now - counted))
    return ended.exclude(kind__in=READ_ONLY).exists()


@runs(COUNT)
def count_slice(job: LongJob, now: datetime) -> Chunk:
    """The next ten days, from the first day of all to where the recent days begin."""
    told = job.parameters.get("next")
    first = date.fromisoformat(told) if told else rollups.earliest_day()
    end = rollups.recent_since(now) - timedelta(days=1)
    if not told:
        ActiveFigures.objects.filter(day__lt=first).delete()
        StageFlow.objects.filter(day__lt=first).delete()
    if first > end:
        return Chunk(finished=True)
    last = min(first + SLICE - timedelta(days=1), end)
    rollups.count_days(now, first=first, last=last)
    following = last + timedelta(days=1)
    return Chunk(done=(following - first).days, parameters={"next": following.isoformat()})
