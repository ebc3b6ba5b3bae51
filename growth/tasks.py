"""The scheduled jobs of growth: fetch, call one service."""

import time
from collections.abc import Callable
from datetime import datetime

from growth.services import backfill, books, levels, ripen  # noqa: F401 - backfill lends its long job
from users.services.jobs import scheduled

_SECONDS = 20  # A task ends within 30; what is left over is found by the next slot.


@scheduled("growth.mature_points")
def mature_points(now: datetime) -> dict[str, int]:
    """Activate points whose return window has passed."""
    return {"lots": _in_slices(ripen.mature, now)}


@scheduled("growth.expire_points")
def expire_points(now: datetime) -> dict[str, int]:
    """Expire points whose time is over."""
    return {"lots": _in_slices(ripen.expire, now)}


@scheduled("growth.judge_levels")
def judge_levels(now: datetime) -> dict[str, int]:
    """Keep or lower the levels whose period has ended."""
    return {"customers": _in_slices(levels.judge, now), "lifted": _in_slices(levels.lift, now)}


@scheduled("growth.check_books")
def check_books(now: datetime) -> dict[str, int]:
    """Check that the points books sum to zero and every balance follows from its entries."""
    return books.check()


def _in_slices(act: Callable[[datetime], int], now: datetime) -> int:
    """Repeat ``act``, one transaction each, until nothing is due or the time is up; how many in all."""
    until = time.monotonic() + _SECONDS
    total = 0
    while time.monotonic() < until and (done := act(now)):
        total += done
    return total
