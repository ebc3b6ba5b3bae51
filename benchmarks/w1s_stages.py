"""W1s: stages moved by the clock after a week without anybody, against the same moves in three bare statements."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction

from benchmarks.figure import Figure, at_most
from config.kit import clock
from config.kit.batches import execute, fetch
from users.models import Standing
from users.services.stages import CHUNK, move_stages, recompute

AWAY = timedelta(days=7)


def figures(size: str) -> Iterator[Figure]:
    """Everybody from scratch for information, then the moves of a week, then one sweep with nothing due."""
    now = clock.now()
    yield Figure("W1s", "stages of everybody from scratch", _from_scratch(now))
    execute("VACUUM (ANALYZE) users_standing, users_stagemove")
    bare, expected = _bare(now + AWAY)
    began = time.perf_counter()
    moves = move_stages(now + AWAY)
    seconds = time.perf_counter() - began
    assert moves >= expected > 0, (moves, expected)  # who moves twice in a week is one row of the yardstick
    yield at_most("W1s", f"{moves:,} stages moved by the clock", value=seconds, yardstick=bare, limit=4)
    began = time.perf_counter()
    assert move_stages(now + AWAY) == 0
    yield Figure("W1s", "a sweep with nobody due", time.perf_counter() - began)


def _from_scratch(now: datetime) -> float:
    began = time.perf_counter()
    after = 0
    while ids := list(
        Standing.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:CHUNK]
    ):
        with transaction.atomic():
            recompute(ids, now)
        after = ids[-1]
    return time.perf_counter() - began


def _bare(until: datetime) -> tuple[float, int]:
    """The first due move of everybody: one update with its log row and touch, then taken back."""
    execute("CREATE TABLE bare_standing (LIKE users_standing INCLUDING ALL)")
    execute("INSERT INTO bare_standing SELECT * FROM users_standing")
    execute("CREATE TABLE bare_move (LIKE users_stagemove INCLUDING ALL)")
    execute("CREATE TABLE bare_touched (LIKE users_touched INCLUDING DEFAULTS)")
    execute("VACUUM (ANALYZE) bare_standing")
    began = time.perf_counter()
    moved = execute(
        """
        WITH due AS (
            SELECT customer_id, stage, next_move_at AS at,
                   CASE stage WHEN 'new' THEN 'active' WHEN 'returning' THEN 'active' WHEN 'active' THEN 'dormant'
                              ELSE 'churned' END AS to_stage
            FROM bare_standing WHERE next_move_at <= %(until)s
        ), moved AS (
            UPDATE bare_standing standing SET stage = due.to_stage, stage_at = due.at, next_move_at = NULL
            FROM due WHERE due.customer_id = standing.customer_id
        ), touched AS (
            INSERT INTO bare_touched (id, customer_id, topic) SELECT customer_id, customer_id, 'stage' FROM due
        )
        INSERT INTO bare_move (customer_id, at, noticed_at, from_stage, to_stage, cause, cause_message_id,
                               rule_version, starts_things)
        SELECT customer_id, at, %(until)s, stage, to_stage, 'clock', '', 1, false FROM due
        """,
        {"until": until},
    )
    seconds = time.perf_counter() - began
    ((due,),) = fetch("SELECT count(*) FROM users_standing WHERE next_move_at <= %s", [until])
    assert moved == due
    return seconds, moved
