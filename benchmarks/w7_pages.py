"""W7: every page as an operator opens it in the morning, after the figures of the day and the answers are there:
seconds of server time and queries, the page itself and each of its parts. What the jobs took stands before them.

Making a shop ready takes longer than opening its pages, so it is done once per size and kept for W7 and W9.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from django.core.management import call_command

from benchmarks.data import is_marked, kept_database, mark
from benchmarks.figure import Figure
from benchmarks.filled import fill
from benchmarks.pages import opened
from benchmarks.processor import Meter
from benchmarks.w7_reports import with_moves
from config.kit import clock
from config.kit.batches import execute
from users.reports import figures as home
from users.reports import prepared, reach, rollups
from users.reports.figures import today_in_shop
from users.services import day_counts
from users.services.value import compute

LIMIT = 1.0
READY = "pages"
OWN_DATA = True


def figures(size: str) -> Iterator[Figure]:
    """What the jobs prepare, for information, where that was not done before; then every page."""
    with kept_database(size, READY):
        if not is_marked():
            yield from made_ready()
            mark()
        for page in opened():
            told = f"{page.name} ({page.queries} queries; on the clock {page.seconds:.2f} s)"
            met = page.processor <= LIMIT and not page.refused
            yield Figure("W7p", told, page.processor, "s CPU", goal="≤ 1 s", met=met)


@contextmanager
def ready_shop(size: str) -> Iterator[None]:
    """Django pointed at a shop in which everything is prepared."""
    with kept_database(size, READY):
        if not is_marked():
            for _figure in made_ready():
                pass
            mark()
        call_command("collectstatic", verbosity=0, interactive=False)
        yield


def made_ready() -> Iterator[Figure]:
    """Fill the shop and do what the jobs of the night do."""
    now = clock.now()
    with_moves(now)
    yield from _jobs(now)
    fill(now)
    yield from _answers(now)
    call_command("collectstatic", verbosity=0, interactive=False)


def _jobs(now: datetime) -> Iterator[Figure]:
    began = time.perf_counter()
    compute(now)
    execute("ANALYZE users_customervalue")
    yield Figure("W7j", "figures of the day", time.perf_counter() - began)
    for name, act in (
        ("home", partial(home.compute, now, days=home.SHOWN_DAYS)),
        ("reach", partial(reach.compute, now)),
    ):
        began = time.perf_counter()
        act()
        yield Figure("W7j", f"roll-ups: {name}", time.perf_counter() - began)
    slices = list(_count_days(now))
    yield Figure("W7j", f"roll-ups of all days, {len(slices)} slices", sum(slices))
    yield Figure("W7j", "the longest slice", max(slices), goal="≤ 20 s", met=max(slices) <= 20)


def _count_days(now: datetime) -> Iterator[float]:
    """The days as the jobs count them, a slice at a time; seconds of each."""
    first, today = min(rollups.earliest_day(), rollups.recent_since(now)), today_in_shop(now)
    while first <= today:
        last = min(first + day_counts.SLICE - timedelta(days=1), today)
        began = time.perf_counter()
        rollups.count_days(now, first=first, last=last)
        yield time.perf_counter() - began
        first = last + timedelta(days=1)


def _answers(now: datetime) -> Iterator[Figure]:
    """The answers of the morning, one part a run, so that the longest part is told."""
    execute("SET statement_timeout = 0")
    usual, prepared.ENOUGH = prepared.ENOUGH, 0.0
    meter, longest, clocked = Meter(), 0.0, 0.0
    began, spent = time.perf_counter(), meter.read()
    is_left = True
    while is_left:
        run, used = time.perf_counter(), meter.read()
        is_left = prepared.prepare(now)["left"] > 0
        longest, clocked = max(longest, meter.read() - used), max(clocked, time.perf_counter() - run)
    prepared.ENOUGH = usual
    yield Figure("W7j", f"answers prepared (on the clock {time.perf_counter() - began:.0f} s)",
                 meter.read() - spent, "s CPU")  # fmt: skip
    yield Figure("W7j", f"answers prepared, the longest run (on the clock {clocked:.1f} s)", longest, "s CPU",
                 goal="≤ 27 s", met=longest <= 27)  # fmt: skip
