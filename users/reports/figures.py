"""The roll-ups behind the home page: computing them, and reading them as frozen rows."""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from config.kit import words
from config.kit.batches import execute
from users.models import DayFigures, LongJob, Stage, StageFigures

SHOWN_DAYS = 60  # the home page compares 30 days with the 30 before


@transaction.atomic
def compute(now: datetime, *, days: int) -> None:
    """Compute the stages and the last ``days`` days (the shop's zone, today included) again."""
    today = today_in_shop(now)
    values = {
        "now": now,
        "zone": settings.SHOP_TIME_ZONE,
        "today": today,
        "first": today - timedelta(days=days - 1),
        "stages": [stage.value for stage in Stage],
    }
    for name in ("stage_figures", "day_figures", "active_figures"):
        execute(_sql(name), values)


def days_due(now: datetime) -> int:
    """How many days a run has to compute: two, or all shown ones when older days may have changed.

    That is every ten minutes, after a pause, and during and shortly after long work (imports, the demo).
    """
    last = DayFigures.objects.order_by("-day").first()
    if last is None or last.computed_at < now - timedelta(minutes=10) or now.minute % 10 == 0:
        return SHOWN_DAYS
    is_open = Q(state__in=(LongJob.State.WAITING, LongJob.State.RUNNING))
    is_recent = Q(finished_at__gte=now - timedelta(minutes=10))
    return SHOWN_DAYS if LongJob.objects.filter(is_open | is_recent).exists() else 2


def stages() -> dict[Stage, StageFigures]:
    """The figures of every stage, in the order of life; zeroes before the first computation."""
    found = {row.stage: row for row in StageFigures.objects.all()}
    return {stage: found.get(stage.value) or StageFigures(stage=stage.value) for stage in Stage}


def last_days(now: datetime) -> list[DayFigures]:
    """The shown days, oldest first, a row for each (zeroes where nothing was computed)."""
    today = today_in_shop(now)
    wanted = [today - timedelta(days=back) for back in range(SHOWN_DAYS - 1, -1, -1)]
    found = DayFigures.objects.in_bulk(wanted)
    return [found.get(day) or DayFigures(day=day, computed_at=now) for day in wanted]


def today_in_shop(now: datetime) -> date:
    """The calendar day of ``now`` in the shop's zone."""
    return now.astimezone(words.shop_zone()).date()


@cache
def _sql(name: str) -> str:
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text()
