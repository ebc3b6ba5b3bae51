"""Keeping the roll-ups behind the reports on stages and activity.

Recent days are counted again every ten minutes. A past day can still change (late events, a visitor who turns
out to be somebody, two customers joined), so all days are counted again once a day and after long work; each
row says when it was.
"""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Min

from config.kit import clock
from config.kit.batches import execute
from users.models import ActiveFigures, CustomerDay, LongJob, StageFlow
from users.reports.figures import today_in_shop

RECENT = 40
# Long work that changes no customer: it asks for nothing to be counted again.
READ_ONLY = ("users.study_silences", "users.replay_thresholds")


@transaction.atomic
def compute(now: datetime, *, first: date) -> None:
    """Count the days from ``first`` (the shop's zone) to today again, and all moves between stages."""
    today = today_in_shop(now)
    values = {"now": now, "zone": settings.SHOP_TIME_ZONE, "first": first, "today": today}
    StageFlow.objects.all().delete()
    execute(sql("stage_flows"), values)
    ActiveFigures.objects.filter(day__gte=first).delete()
    execute(sql("active_days"), values)
    execute(sql("active_spread"), {"day": today - timedelta(days=1)})


def first_due(now: datetime) -> date:
    """From which day on a run has to count: the recent ones, or all when that is due."""
    recent = today_in_shop(now) - timedelta(days=RECENT - 1)
    earliest = CustomerDay.objects.aggregate(first=Min("day"))["first"] or recent
    oldest = ActiveFigures.objects.aggregate(at=Min("computed_at"))["at"]
    if oldest is None or oldest < now - timedelta(hours=24) or _was_long_work(now - oldest):
        return min(earliest, recent)
    return recent


def computed_at() -> datetime | None:
    """When the roll-ups were counted last; None before the first time."""
    return StageFlow.objects.values_list("computed_at", flat=True).first()


def _was_long_work(since: timedelta) -> bool:
    """Whether long work ended within that time (on the clock of work, which nothing moves)."""
    ended = LongJob.objects.filter(finished_at__gte=clock.lease_now() - since)
    return ended.exclude(kind__in=READ_ONLY).exists()


@cache
def sql(name: str) -> str:
    """The text of a statement beside this file; parameters are named."""
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8")
