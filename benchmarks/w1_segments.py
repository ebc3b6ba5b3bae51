"""W1: segments computed in full against hand-written SQL, and refreshed at a cost that follows the change."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db import transaction

from benchmarks import seen_in_time
from benchmarks.data import SIZES, database
from benchmarks.figure import Figure, at_most
from benchmarks.rules_of_w1 import REFERENCES, Reference
from config.kit import clock
from config.kit.batches import execute, fetch
from segments.models import Membership, Segment
from segments.services.rebuild import rebuild
from segments.services.refresh import refresh
from segments.services.segments import create_segment
from segments.services.snapshot import WORK_MEMORY

SEGMENTS = 50
TOUCHED = 1_000
ROUNDS = 3
# The data comes without stages; these are close enough to what the lifecycle would say.
STAGES = """
UPDATE users_standing SET stage_at = last_activity_at, stage = CASE
    WHEN last_activity_at IS NULL THEN 'prospect'
    WHEN last_activity_at < %(now)s - interval '90 days' THEN 'churned'
    WHEN last_activity_at < %(now)s - interval '30 days' THEN 'dormant'
    WHEN first_activity_at > %(now)s - interval '14 days' THEN 'new'
    ELSE 'active' END
"""
# Ranks by revenue as the figures of the day have them: the best hundredth is 1.
TOPS = """
INSERT INTO users_customervalue (customer_id, top_revenue)
SELECT customer_id, ceil(100.0 * rank() OVER (ORDER BY revenue DESC) / count(*) OVER ())
FROM users_standing WHERE revenue > 0
ON CONFLICT (customer_id) DO UPDATE SET top_revenue = excluded.top_revenue
"""


def figures(size: str) -> Iterator[Figure]:
    """W1a per rule and over all rules, then W1b, W1c and W1d for fifty segments kept live."""
    now = clock.now()
    _give_stages(now)
    ratios, seconds, child = [], [], 0
    for number, reference in enumerate(REFERENCES):
        value, yardstick, segment = _rebuild(reference, number, now, child)
        child = child or segment.pk
        ratios.append(value / yardstick)
        seconds.append(value)
        yield Figure("W1a", f"rebuild: {reference.name}", value, "s", yardstick, value / yardstick)
    yield at_most(
        "W1a", "full rebuild, median over the rules", value=median(ratios), yardstick=1, limit=1.3, unit="×"
    )
    yield at_most("W1a", "full rebuild, the worst rule", value=max(ratios), yardstick=1, limit=2, unit="×")
    _fifty(now)
    spent, each = _refreshes(size, now)
    yield Figure("W1b", f"refresh of {SEGMENTS} segments after {TOUCHED} touched customers", spent)
    yield Figure("W1b", "the same per customer and segment looked at", each, "µs")
    yield _against_a_rebuild(size, sum(seconds) / len(seconds) * SEGMENTS, spent)
    yield from seen_in_time.figures()
    if size == "L":
        yield _against_the_small_shop(each)


def _give_stages(now: datetime) -> None:
    execute(TOPS)
    execute(STAGES, {"now": now})
    execute("VACUUM (ANALYZE) users_standing, users_customervalue")


def _rebuild(reference: Reference, number: int, now: datetime, child: int) -> tuple[float, float, Segment]:
    """Seconds of the product and of the statement by hand; both write the members and their log."""
    segment = _segment(reference, number, child)
    by_hand = f"""
        WITH member AS (
            INSERT INTO segments_membership (customer_id, segment_id, entered_at)
            SELECT found.*, %(segment)s, %(now)s FROM ({reference.by_hand}) AS found RETURNING customer_id
        )
        INSERT INTO segments_membershipchange (customer_id, segment_id, run_id, entered, at, cause)
        SELECT customer_id, %(segment)s, 0, true, %(now)s, 'rebuild' FROM member
    """
    values = {"now": now, "segment": segment.pk, "child": child}

    def hand() -> int:
        with transaction.atomic():
            execute(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
            return execute(by_hand, values)

    rounds = []
    for _turn in range(ROUNDS):
        spent_by_hand, found = _timed(hand)
        _forget(segment)
        spent, _result = _timed(lambda: rebuild(segment, now))
        assert segment.size == found, (reference.name, segment.size, found, segment.error)
        rounds.append((spent, spent_by_hand))
        if _turn < ROUNDS - 1:
            _forget(segment)
    return min(ours for ours, _hand in rounds), min(theirs for _ours, theirs in rounds), segment


def _forget(segment: Segment) -> None:
    Membership.objects.filter(segment=segment).delete()
    segment.changes.all().delete()
    execute("VACUUM segments_membership, segments_membershipchange")  # dead rows would weigh on ours only


def _segment(reference: Reference, number: int, child: int) -> Segment:
    return create_segment(name=f"R{number} {reference.name}", rule=_rule(reference, child), by=None)


def _rule(reference: Reference, child: int) -> dict[str, Any]:
    conditions = [{**one, "segment": child} if "segment" in one else one for one in reference.conditions]
    return {"version": 1, "root": {"all": conditions}}


def _fifty(now: datetime) -> None:
    """Variations of the reference rules over other windows, until there are fifty segments."""
    for number in range(len(REFERENCES), SEGMENTS):
        days = 3 + number
        conditions = [
            {"event": "Product Viewed", "op": "did", "at_least": 1 + number % 4, "in_last_days": days},
            {"field": "region", "op": "is_none_of", "value": [f"region {number % 30}"]},
        ]
        made = create_segment(name=f"V{number}", rule={"version": 1, "root": {"all": conditions}}, by=None)
        rebuild(made, now)


def _refreshes(size: str, now: datetime) -> tuple[float, float]:
    """A refresh after 1,000 touched customers and five minutes of clock; the first round warms up.

    Seconds of the refresh, and microseconds per customer and segment that it looked at: medians of the rounds.
    """
    execute("ANALYZE")
    customers = SIZES[size][0]
    rounds = []
    for turn in range(1, ROUNDS + 2):
        at = now + turn * timedelta(minutes=5)
        execute(
            """
            INSERT INTO users_touched (customer_id, topic)
            SELECT 1 + (n * 7919 + %(turn)s * 104729) %% %(customers)s, topic
            FROM generate_series(1, %(touched)s) AS n, unnest(ARRAY['events', 'orders', 'stage']) AS topic
            """,
            {"turn": turn, "customers": customers, "touched": TOUCHED},
        )
        spent, done = _timed(lambda at=at: refresh(at))  # type: ignore[misc]
        assert done.failed == ()
        ((checked,),) = fetch("SELECT sum(checked) FROM segments_segmentrun WHERE run_id = %s", [done.run.pk])
        rounds.append((spent, spent / checked * 1_000_000))
    return median(spent for spent, _each in rounds[1:]), median(each for _spent, each in rounds[1:])


def _against_a_rebuild(size: str, rebuild_seconds: float, spent: float) -> Figure:
    ratio = rebuild_seconds / spent
    met = ratio >= 50 if size == "L" else None  # the goal is for L: a rebuild grows with the shop
    name = "full rebuild of the segments, times the refresh"
    return Figure("W1c", name, rebuild_seconds, "s", spent, ratio, "≥ 50× at L", met)


def _against_the_small_shop(each: float) -> Figure:
    """The same fifty segments and the same touches in the shop of size S: cost should follow the change."""
    with database("S"):
        now, child = clock.now(), 0
        _give_stages(now)
        for number, reference in enumerate(REFERENCES):
            made = rebuild(_segment(reference, number, child), now)
            child = child or made.pk
        _fifty(now)
        _spent, each_at_s = _refreshes("S", now)
    name = "refresh per customer and segment, L against S"
    return at_most("W1b", name, value=each, yardstick=each_at_s, limit=1.5, unit="µs")


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    done = act()
    return time.perf_counter() - began, done
