"""What time does to points: pending lots become active, active lots expire; set-wise, in slices.

Both are booked at the instant at which they became true, so that a late or doubled job changes no figure.
"""

from datetime import datetime, timedelta

from django.db import transaction

from config.kit.batches import execute, fetch
from growth import shop
from growth.services import ledger, levels

SLICE = 2000

# A debt is settled by the lots that mature first; the running total per customer says how much is left of it.
_MATURE = """
WITH due AS (
    SELECT l.customer_id, l.key, l.remaining AS points, l.matures_at AS at,
           greatest(0, least(l.remaining, b.debt - (sum(l.remaining) OVER earlier - l.remaining))) AS settled
    FROM growth_lot AS l JOIN growth_balance AS b USING (customer_id)
    WHERE l.customer_id = ANY(%(customers)s)
      AND l.state = 'pending' AND l.remaining > 0 AND l.matures_at <= %(now)s
    WINDOW earlier AS (PARTITION BY l.customer_id ORDER BY l.matures_at, l.key)
), ripe AS (
    UPDATE growth_lot AS l
    SET state = 'active', remaining = l.remaining - due.settled, expires_at = due.at + %(validity)s
    FROM due WHERE l.customer_id = due.customer_id AND l.key = due.key
)
INSERT INTO leg (customer_id, key, account, amount, at, kind, note)
SELECT customer_id, 'mature:' || key, account, amount, at, 'mature', ''
FROM due CROSS JOIN LATERAL (
    VALUES ('pending', -points), ('active', points - settled), ('debt', settled)
) AS part (account, amount)
"""

_EXPIRE = """
WITH due AS (
    SELECT customer_id, key, remaining AS points, expires_at AS at
    FROM growth_lot
    WHERE customer_id = ANY(%(customers)s)
      AND state = 'active' AND remaining > 0 AND expires_at <= %(now)s
), gone AS (
    UPDATE growth_lot AS l SET remaining = 0, expired = l.expired + due.points
    FROM due WHERE l.customer_id = due.customer_id AND l.key = due.key
)
INSERT INTO leg (customer_id, key, account, amount, at, kind, note)
SELECT customer_id, 'expire:' || key, account, amount, at, 'expire', ''
FROM due CROSS JOIN LATERAL (VALUES ('active', -points), ('expire', points)) AS part (account, amount)
"""

# The partial indexes lot_maturing and lot_expiring hold only what is still to come: a slice costs its size.
_DUE = """
SELECT DISTINCT customer_id FROM (
    SELECT customer_id FROM growth_lot
    WHERE state = '{state}' AND remaining > 0 AND {edge} <= %s ORDER BY {edge} LIMIT %s
) AS due
"""


@transaction.atomic
def mature(now: datetime) -> int:
    """Activate a slice of the lots whose return window has passed, settling debts; how many lots."""
    customers = _customers(_DUE.format(state="pending", edge="matures_at"), now)
    if not customers:
        return 0
    ledger.make_leg_table()
    validity = timedelta(days=shop.points_valid_days.get())
    execute(_MATURE, {"customers": customers, "now": now, "validity": validity})
    lots = ledger.book_leg_table()
    levels.grow_by_leg_table(customers, now=now)
    return lots


@transaction.atomic
def expire(now: datetime) -> int:
    """Expire a slice of the active lots whose time is over; how many lots."""
    customers = _customers(_DUE.format(state="active", edge="expires_at"), now)
    if not customers:
        return 0
    ledger.make_leg_table()
    execute(_EXPIRE, {"customers": customers, "now": now})
    return ledger.book_leg_table()


def _customers(due: str, now: datetime) -> list[int]:
    """The customers of a slice of due lots, held."""
    customers = [customer_id for (customer_id,) in fetch(due, [now, SLICE])]
    if customers:
        ledger.hold(customers)
    return customers
