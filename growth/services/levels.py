"""Levels by growth value: up at once, kept or lowered when a period ends.

Growth value is what a customer earned by orders, counted when the points become active, less refunds; it is
the sum of the growth entries from ``counts_from`` on. A level is judged once per period by the growth of that
period. All of this happens while the customer's balance is held (``growth.services.ledger``).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from config.kit.batches import execute, fetch
from growth import shop
from growth.services import ledger

SLICE = 2000

_GROW = """
WITH grown AS (
    INSERT INTO growth_growthentry (customer_id, key, amount, at) {rows}
    RETURNING customer_id, amount, at
),
begun AS (
    INSERT INTO growth_customerlevel (customer_id, level_id, growth_value, since, judged_at, counts_from)
    SELECT DISTINCT customer_id, (SELECT id FROM growth_level ORDER BY threshold LIMIT 1), 0,
           %(now)s::timestamptz, %(now)s::timestamptz + %(period)s, %(now)s::timestamptz - %(period)s
    FROM grown
    ON CONFLICT DO NOTHING
)
SELECT count(*) FROM grown
"""

# A new statement, because a row begun above is not visible to an update beside it.
_COUNT = """
UPDATE growth_customerlevel AS c
SET growth_value = (SELECT coalesce(sum(g.amount), 0) FROM growth_growthentry AS g
                    WHERE g.customer_id = c.customer_id AND g.at >= c.counts_from)
WHERE c.customer_id = ANY(%(customers)s)
"""

_CLIMB = """
WITH reached AS (
    SELECT c.customer_id, c.level_id AS from_level, top.id AS to_level
    FROM growth_customerlevel AS c
    JOIN growth_level AS held ON held.id = c.level_id
    CROSS JOIN LATERAL (
        SELECT id, threshold FROM growth_level WHERE threshold <= greatest(c.growth_value, 0)
        ORDER BY threshold DESC LIMIT 1
    ) AS top
    WHERE c.customer_id = ANY(%(customers)s) AND top.threshold > held.threshold
),
risen AS (
    UPDATE growth_customerlevel AS c
    SET level_id = reached.to_level, since = %(now)s, judged_at = %(now)s::timestamptz + %(period)s
    FROM reached WHERE c.customer_id = reached.customer_id
),
told AS (
    INSERT INTO users_touched (customer_id, topic) SELECT unnest(%(customers)s::bigint[]), 'level'
)
INSERT INTO growth_levelmove (customer_id, at, from_level_id, to_level_id)
SELECT customer_id, %(now)s, from_level, to_level FROM reached
ON CONFLICT (customer_id, at) DO UPDATE SET to_level_id = EXCLUDED.to_level_id
"""

# Rarely any: reads all of the table, once an hour.
_TOO_LOW = """
SELECT c.customer_id FROM growth_customerlevel AS c JOIN growth_level AS held ON held.id = c.level_id
WHERE EXISTS (SELECT FROM growth_level AS above
              WHERE above.threshold > held.threshold AND above.threshold <= c.growth_value)
LIMIT %s
"""

# Judged as of the end of the period, however late the job comes: by the growth of the period that ended then.
_JUDGE = """
WITH due AS (
    SELECT c.customer_id, c.level_id, c.judged_at, held.threshold,
           (SELECT coalesce(sum(g.amount), 0) FROM growth_growthentry AS g
            WHERE g.customer_id = c.customer_id
              AND g.at >= c.judged_at - %(period)s AND g.at < c.judged_at) AS growth
    FROM growth_customerlevel AS c JOIN growth_level AS held ON held.id = c.level_id
    WHERE c.customer_id = ANY(%(customers)s) AND c.judged_at <= %(now)s
),
verdict AS (
    SELECT due.customer_id, due.judged_at, due.level_id AS from_level, earned.id AS to_level
    FROM due CROSS JOIN LATERAL (
        SELECT id FROM growth_level WHERE threshold <= least(greatest(due.growth, 0), due.threshold)
        ORDER BY threshold DESC LIMIT 1
    ) AS earned
),
judged AS (
    UPDATE growth_customerlevel AS c
    SET level_id = v.to_level,
        since = CASE WHEN v.to_level = v.from_level THEN c.since ELSE v.judged_at END,
        counts_from = v.judged_at - %(period)s,
        judged_at = v.judged_at + %(period)s
    FROM verdict AS v WHERE c.customer_id = v.customer_id
),
fallen AS (
    INSERT INTO growth_levelmove (customer_id, at, from_level_id, to_level_id)
    SELECT customer_id, judged_at, from_level, to_level FROM verdict WHERE from_level <> to_level
    ON CONFLICT (customer_id, at) DO UPDATE SET to_level_id = EXCLUDED.to_level_id
)
SELECT count(*) FROM verdict
"""

_ONE = "SELECT %(customer)s, %(key)s, %(amount)s, %(at)s::timestamptz"
_MATURED = "SELECT customer_id, key, -amount, at FROM leg WHERE account = 'pending'"


def grow(customer_id: int, amount: int, *, key: str, now: datetime) -> None:
    """Add ``amount`` (negative for a refund) to one customer's growth value and lift the level it reaches."""
    row = {"customer": customer_id, "key": key, "amount": amount, "at": now}
    _grow(_ONE, row, customers=[customer_id], now=now)


def grow_by_leg_table(customers: Sequence[int], *, now: datetime) -> None:
    """``grow`` for the points that have just matured, from the ledger's temporary table ``leg``."""
    _grow(_MATURED, {}, customers=customers, now=now)


@transaction.atomic
def judge(now: datetime) -> int:
    """Keep or lower a slice of the levels whose period has ended; how many were judged."""
    due = "SELECT customer_id FROM growth_customerlevel WHERE judged_at <= %s ORDER BY judged_at LIMIT %s"
    customers = [customer_id for (customer_id,) in fetch(due, [now, SLICE])]
    if not customers:
        return 0
    ledger.hold(customers)
    parameters = _parameters(customers, now)
    judged = int(fetch(_JUDGE, parameters)[0][0])
    recount(customers, now=now)
    return judged


@transaction.atomic
def lift(now: datetime) -> int:
    """Lift a slice of those who reach a higher level because the ladder was changed; how many."""
    customers = [customer_id for (customer_id,) in fetch(_TOO_LOW, [SLICE])]
    if customers:
        ledger.hold(customers)
        execute(_CLIMB, _parameters(customers, now))
    return len(customers)


def recount(customers: Sequence[int], *, now: datetime) -> None:
    """Set the growth values to the sums of their entries and lift those who reach a higher level."""
    parameters = _parameters(customers, now)
    execute(_COUNT, parameters)
    execute(_CLIMB, parameters)


def _grow(rows: str, values: dict[str, Any], *, customers: Sequence[int], now: datetime) -> None:
    parameters = _parameters(customers, now)
    execute(_GROW.format(rows=rows), parameters | values)
    recount(customers, now=now)


def _parameters(customers: Sequence[int], now: datetime) -> dict[str, Any]:
    period = timedelta(days=shop.level_period_days.get())
    return {"customers": list(customers), "now": now, "period": period}
