"""Measuring the cut points of "top N %": when a rule first needs one, and every day at a stated time."""

from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import Max

from config.kit.locks import Lock, session_lock
from config.kit.refusal import Refusal
from config.kit.words import shop_zone
from segments.models import FigureCut, Run, Segment, SegmentState
from segments.registry import Field
from segments.rules.conditions import InTop
from segments.rules.cuts import measure
from segments.rules.parse import parse
from segments.rules.tree import Rule

# Shop zone; after the figures of the day (users/services/value) have been computed.
DAILY_AT = time(5, 0)
A_MOMENT = timedelta(microseconds=1)


def need(rule: Rule, now: datetime) -> None:
    """Keep a first cut for every "top N %" of a rule that is about to be computed."""
    for field, percent in _asked(rule):
        if not FigureCut.objects.filter(figure=field.name, percent=percent, at__lte=now).exists():
            _keep(field, percent, now)


def measure_daily(now: datetime) -> int:
    """Measure what the segments use, once per day of the shop at the stated time; how many cuts.

    Under the lock of the runs, and dated after every run: so each run has either not known of the cut at its
    instant, or finds it between its last instant and this one.
    """
    due = datetime.combine(now.astimezone(shop_zone()).date(), DAILY_AT, shop_zone())
    if now < due:
        return 0
    with session_lock(Lock.SEGMENT_RUN, wait=False) as taken:
        return _measure_all(due, now) if taken else 0


@transaction.atomic
def _measure_all(due: datetime, now: datetime) -> int:
    latest = Run.objects.aggregate(latest=Max("now"))["latest"]
    at = now if latest is None else max(now, latest + A_MOMENT)
    measured = 0
    for field, percent in sorted(_in_use(), key=lambda pair: (pair[0].name, pair[1])):
        if not FigureCut.objects.filter(figure=field.name, percent=percent, at__gte=due).exists():
            _keep(field, percent, at)
            measured += 1
    return measured


def _keep(field: Field, percent: int, at: datetime) -> None:
    cut = measure(field, percent)
    FigureCut.objects.create(
        figure=field.name, percent=percent, at=at, value=cut.value, customers=cut.customers
    )


def _in_use() -> list[tuple[Field, int]]:
    found: dict[tuple[str, int], Field] = {}
    for raw in (
        Segment.objects.exclude(state=SegmentState.RETIRED).exclude(rule=None).values_list("rule", flat=True)
    ):
        try:
            asked = _asked(parse(raw))
        except Refusal:
            continue  # The rule cannot be read any more; its segment says so.
        found |= {(field.name, percent): field for field, percent in asked}
    return [(field, percent) for (_name, percent), field in found.items()]


def _asked(rule: Rule) -> list[tuple[Field, int]]:
    tops = (condition for condition in rule.root.conditions() if isinstance(condition, InTop))
    return list({(top.field.name, top.percent): (top.field, top.percent) for top in tops}.values())
