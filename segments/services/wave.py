"""Segments that are computed together, because they look up the same figures of everybody.

What three or more of the waiting rules ask for is looked up once, into temporary tables that go with the
transaction (docs/adr/0012).
"""

import time
from collections import Counter
from collections.abc import Sequence

from config.kit.batches import execute
from config.kit.refusal import Refusal
from segments.models import Segment
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.rules.shared import Scan
from segments.services.affected import ids
from segments.services.looking import done_by

# For two rules the table costs as much as it saves: at size S 1.0 times the work one by one, for ten rules 0.4.
SHARED_FROM = 3
# Computed in one transaction, which an edit of any of them undoes.
MOST_SEGMENTS = 20
MOST_TABLES = 10
# For all tables together; what is not there by then is looked up by each rule for itself.
LOOKING_SECONDS = 8.0


def wave(ready: Sequence[Segment]) -> list[Segment]:
    """The first of those that may be computed, and those that share figures with it, at most ``MOST_SEGMENTS``.

    One that took too long in a wave goes alone: with what was looked up for all it might take too long every time.
    """
    if len(ready) < SHARED_FROM or ready[0].goes_alone:
        return list(ready[:1])
    keys = [(segment, _scans(segment).keys()) for segment in ready if not segment.goes_alone]
    asked = Counter(key for _segment, mine in keys for key in mine)
    reached = {key for key in keys[0][1] if asked[key] >= SHARED_FROM}
    chosen = list(ready[:1])
    for segment, mine in keys[1:]:
        if mine & reached and len(chosen) < MOST_SEGMENTS:
            chosen.append(segment)
            reached |= {key for key in mine if asked[key] >= SHARED_FROM}
    return chosen


def look_up_together(segments: Sequence[Segment], now: AsOf, ends: float) -> AsOf:
    """Fill the tables for what the segments share; the question that reads them. Inside the run's transaction.

    What is not there when the turn ``ends`` is looked up by each rule for itself.
    """
    if len(segments) < SHARED_FROM:
        return now
    found = [scan for segment in segments for scan in _scans(segment).values()]
    scans = {scan.key: scan for scan in found}
    asked = Counter(scan.key for scan in found)
    ends, shared = min(ends, time.monotonic() + LOOKING_SECONDS), dict[str, str]()
    for key, times in asked.most_common(MOST_TABLES):
        table = f"shared_{len(shared)}"
        if times >= SHARED_FROM and _fill(table, scans[key], now, ends):
            shared[key] = table
    return now.reading(shared)


def _scans(segment: Segment) -> dict[str, Scan]:
    try:
        scans = [condition.scan() for condition in parse(segment.rule).root.conditions()]
    except Refusal:
        return {}  # Its own computation says what is wrong with it.
    return {scan.key: scan for scan in scans if scan is not None}


def _fill(table: str, scan: Scan, now: AsOf, ends: float) -> bool:
    """Whether the table is there; where it takes too long or fails the rules look for themselves."""
    sql, parameters = ids(scan.rows(now))

    def look() -> None:
        execute(f"CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS {sql}", parameters)
        execute(f"ANALYZE {table}")

    return done_by(ends, look)
