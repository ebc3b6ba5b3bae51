"""The usual questions over a year, asked each morning before an operator asks them."""

import time
from datetime import datetime

from users.reports import cohorts, ltv, retained, retention, stored
from users.reports.cohorts import Start

Asked = dict[str, str]
ENOUGH = 12.0
"""Seconds of a run after which the rest waits for the next one."""
RETENTION: tuple[Asked, ...] = (
    {"grain": "month"},
    {"grain": "month", "mode": "after"},
    {"grain": "month", "by": "channel"},
    {"grain": "month", "mode": "after", "by": "channel"},
    {"grain": "month", "start": "registration"},
    {"grain": "month", "start": "order"},
    {"grain": "week", "period": "365"},
)
VALUE: tuple[Asked, ...] = ({}, {"by": "channel"}, {"grain": "week"})
RETAINED: tuple[Asked, ...] = ({}, {"period": "365"})


def prepare(now: datetime) -> dict[str, int]:
    """Ask the questions in turn; those kept since this morning cost a look-up. How many were asked."""
    questions = [
        *((_retention, asked) for asked in RETENTION),
        *((_value, asked) for asked in VALUE),
        *((_retained, asked) for asked in RETAINED),
    ]
    began, done = time.monotonic(), 0
    for ask, asked in questions:
        if time.monotonic() - began > ENOUGH:
            break
        ask(asked, now)
        done += 1
    return {"questions": done, "forgotten": stored.forget_old(now)}


def _retention(asked: Asked, now: datetime) -> None:
    retention.compute(retention.read(asked, now), now)


def _value(asked: Asked, now: datetime) -> None:
    ltv.compute(ltv.read(asked, now), now)


def _retained(asked: Asked, now: datetime) -> None:
    whom = cohorts.read_whom(asked, default="channel")
    retained.compute(Start.ACTIVITY, retained.read_span(asked, now), whom, now)
