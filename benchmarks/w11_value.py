"""W11: fitting both models and predicting, against reading everybody's (x, t_x, T) from the database; the day's job."""

import time
from collections.abc import Iterator

from django.db import connection, transaction

from benchmarks.data import SIZES
from benchmarks.figure import Figure, at_most
from config.kit import clock
from config.kit.batches import execute, fetch
from users.models import CustomerValue, ModelFit
from users.services.value import day, predict
from users.services.value.run import Run

LONGEST = 20
"""Seconds: a worker ends a task after 30."""
READ = "SELECT repeat_days, last_day - first_day, %s - first_day FROM users_customervalue WHERE first_day IS NOT NULL"


def figures(size: str) -> Iterator[Figure]:
    """The job of the day step by step, then the fit alone; a second run that finds nothing to change."""
    run = Run.of(day.instant_of_day(clock.now()))
    first = _whole_day(run)
    for name, parts in first.items():
        yield Figure(f"W11-{name}", f"figures of the day: {name}, {len(parts)} parts", sum(parts))
        longest = max(parts)
        met = longest <= LONGEST
        yield Figure(f"W11-{name}", "its longest part", longest, goal=f"≤ {LONGEST} s", met=met)
    again = _whole_day(run)
    yield Figure("W11-day", "figures of the day, everything", sum(map(sum, first.values())))
    yield Figure("W11-again", "the same again, nothing to change", sum(map(sum, again.values())))
    assert CustomerValue.objects.count() <= SIZES[size][0]
    read = _seconds_to_read(run)
    began = time.perf_counter()
    predict.fit_both(ModelFit(day=run.day, fitted_at=clock.now()), run)
    fitted = time.perf_counter() - began
    yield at_most("W11", "fit of both models, grouping included", value=fitted, yardstick=read, limit=3)


def _whole_day(run: Run) -> dict[str, list[float]]:
    """Every step to its end, each part in its own transaction; the seconds of the parts by the step's name."""
    seconds: dict[str, list[float]] = {}
    for name, step in day.STEPS:
        seconds[name] = []
        after: int | None = 0
        while after is not None:
            began = time.perf_counter()
            with transaction.atomic():
                after = step(run, after)
            seconds[name].append(time.perf_counter() - began)
    execute("ANALYZE users_customervalue")
    return seconds


def _seconds_to_read(run: Run) -> float:
    """Everybody's three numbers, as rows of the driver."""
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(READ, [run.day])
        rows = cursor.fetchall()
    seconds = time.perf_counter() - began
    assert len(rows) == fetch("SELECT count(first_day) FROM users_customervalue")[0][0]
    return seconds
