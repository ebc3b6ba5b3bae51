"""W7: every page as an operator opens it in the morning, after the figures of the day and the answers are there:
seconds of server time and queries, the page itself and each of its parts. What the jobs took stands before them."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from django.core.management import call_command

from benchmarks.figure import Figure
from benchmarks.filled import fill
from benchmarks.pages import opened
from benchmarks.w7_reports import with_moves
from config.kit import clock
from config.kit.batches import execute
from users.reports import figures as home
from users.reports import prepared, reach, rollups
from users.reports.figures import today_in_shop
from users.services import day_counts
from users.services.value import compute

LIMIT = 1.0


def figures(size: str) -> Iterator[Figure]:
    """What the jobs prepare, for information; then every page."""
    yield from made_ready()
    for page in opened():
        met = page.seconds <= LIMIT
        yield Figure("W7p", f"{page.name} ({page.queries} queries)", page.seconds, goal="≤ 1 s", met=met)


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
    execute("SET statement_timeout = 0")
    longest, began = 0.0, time.perf_counter()
    while (run := time.perf_counter()) and prepared.prepare(now)["left"]:
        longest = max(longest, time.perf_counter() - run)
    yield Figure("W7j", "answers prepared", time.perf_counter() - began)
    yield Figure("W7j", "answers prepared, the longest run", longest, goal="≤ 27 s", met=longest <= 27)
