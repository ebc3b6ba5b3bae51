"""The usual questions of the reports, asked each morning before an operator asks them."""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from config.kit.refusal import Refusal
from users.dimensions import dimensions
from users.models import ReportResult, Stage
from users.reports import (
    activity,
    channels,
    cohorts,
    features,
    flows,
    funnel,
    ladder,
    ltv,
    retained,
    retention,
    sales,
    stored,
)
from users.reports.cohorts import Start
from users.reports.figures import today_in_shop
from users.reports.periods import Period

log = logging.getLogger(__name__)

Asked = dict[str, str]
Act = Callable[[datetime, float], bool]
"""Asks at an instant, up to a second of the monotonic clock; whether all of it is answered."""
ENOUGH = 4.0
"""Seconds of a run after which the rest waits for the next one."""
SPANS = (30, 90, 365)
ALL_ASKED = "all-asked"
RETENTION: tuple[Asked, ...] = (
    {"grain": "month"},
    {"grain": "month", "mode": "after"},
    {"grain": "month", "by": "channel"},
    {"grain": "month", "mode": "after", "by": "channel"},
    {"grain": "month", "start": "registration"},
    {"grain": "month", "start": "order"},
    {"grain": "week"},
    {"grain": "week", "period": "365"},
)
VALUE: tuple[Asked, ...] = ({}, {"by": "channel"}, {"grain": "week"})
RETAINED: tuple[Asked, ...] = ({}, {"period": "365"})
FUNNELS: tuple[Asked, ...] = (
    {},
    {"preset": "shopping"},
    {"by": "channel"},
    {"by": "device"},
    {"period": "90"},
)


def prepare(now: datetime) -> dict[str, int]:
    """Ask the questions in turn, for some seconds; how many were asked, and how many are left.

    Those kept since this morning cost a look-up. When all have been asked, nothing is until tomorrow.
    """
    if is_prepared(now):
        return {"questions": 0, "left": 0}
    questions, done = list(_questions(now)), 0
    until = time.monotonic() + ENOUGH
    for ask in questions:
        if time.monotonic() > until:
            break
        try:
            if not ask(now, until):
                break
        except Refusal:
            log.warning("question_takes_too_long", extra={"question": done})
        done += 1
    left = len(questions) - done
    if not left:
        stored.forget_old(now)
        told = {"rows": [], "seconds": 0.0, "computed_at": now}
        ReportResult.objects.update_or_create(key=ALL_ASKED, defaults=told)
    return {"questions": done, "left": left}


def prepared_at() -> datetime | None:
    """When all questions had been asked the last time."""
    found = ReportResult.objects.filter(key=ALL_ASKED).values_list("computed_at", flat=True)
    return found.first()


def is_prepared(now: datetime) -> bool:
    """Whether all questions have been asked on this day of the shop."""
    asked = prepared_at()
    return asked is not None and asked <= now and today_in_shop(asked) == today_in_shop(now)


def _questions(now: datetime) -> Iterator[Act]:
    whole = [retention.question(retention.read(asked, now)) for asked in RETENTION]
    whole += [ltv.question(ltv.read(asked, now)) for asked in VALUE]
    yield from (partial(_in_parts, question) for question in whole)
    yield partial(_in_parts, ladder.ladder_question(dimensions["channel"]))
    yield partial(_in_parts, activity.phases_question())
    funnels = [funnel.question(funnel.read(asked, now)) for asked in FUNNELS]
    yield from (partial(_in_parts, question) for question in funnels)
    yesterday = today_in_shop(now) - timedelta(days=1)
    periods = [Period(yesterday - timedelta(days=days - 1), yesterday) for days in SPANS]
    for period in periods:
        yield from (partial(_in_parts, question) for question in _of_days(period))
    # Last, because a light one of these is not kept: every run that comes this far asks it again.
    yield from (_at_once(partial(_retained, asked)) for asked in RETAINED)
    yield from (_at_once(partial(channels.profit_and_loss, period)) for period in periods)


def _of_days(period: Period) -> Iterator[stored.Question]:
    yield sales.sales_question(Period(period.before.first, period.last))
    yield sales.products_question(period)
    yield flows.transitions_question(period)
    yield flows.dwell_question(period)
    for stage in (Stage.DORMANT, Stage.CHURNED):
        yield flows.returns_question(period, stage)
    yield features.use_question(period)
    yield features.visits_question(period)


def _at_once(ask: Callable[[datetime], object]) -> Act:
    def act(now: datetime, until: float) -> bool:
        ask(now)
        return True

    return act


def _in_parts(question: stored.Question, now: datetime, until: float) -> bool:
    return stored.prepare(question, now, until=until)


def _retained(asked: Asked, now: datetime) -> None:
    whom = cohorts.read_whom(asked, default="channel")
    retained.compute(Start.ACTIVITY, retained.read_span(asked, now), whom, now)
