"""Two customers turn out to be one: the survivor takes over points, growth, level and check-ins.

Ledgers are not rewritten: a transfer under ``join:<from>:<to>`` empties the absorbed customer's accounts.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from config.kit.batches import execute
from growth.models import Account, Balance, CustomerLevel, EntryKind
from growth.services import ledger, levels
from growth.services.ledger import Booking
from users.services.touch import touch
from users.topics import TouchTopic

_MOVE_LOTS = """
WITH gone AS (DELETE FROM growth_lot WHERE customer_id = %(absorbed)s RETURNING *)
INSERT INTO growth_lot (customer_id, key, state, amount, remaining, taken_back, expired, order_source,
                        order_number, order_net, matures_at, expires_at)
SELECT %(survivor)s, CASE WHEN EXISTS (SELECT FROM growth_lot AS l
                                       WHERE l.customer_id = %(survivor)s AND l.key = gone.key)
                          THEN gone.key || '@' || %(absorbed)s ELSE gone.key END,
       state, amount, remaining, taken_back, expired, order_source, order_number, order_net, matures_at,
       expires_at
FROM gone
"""

_MOVE_CHECK_INS = """
WITH gone AS (DELETE FROM growth_checkin WHERE customer_id = %(absorbed)s RETURNING *)
INSERT INTO growth_checkin (customer_id, local_date, at, streak, points)
SELECT %(survivor)s, local_date, at, streak, points FROM gone
ON CONFLICT DO NOTHING
"""

_MOVE_LEVEL_MOVES = """
WITH gone AS (DELETE FROM growth_levelmove WHERE customer_id = %(absorbed)s RETURNING *)
INSERT INTO growth_levelmove (customer_id, at, from_level_id, to_level_id)
SELECT %(survivor)s, at, from_level_id, to_level_id FROM gone
ON CONFLICT DO NOTHING
"""

_MOVE_GROWTH = """
WITH gone AS (DELETE FROM growth_growthentry WHERE customer_id = %(absorbed)s RETURNING *)
INSERT INTO growth_growthentry (customer_id, key, amount, at)
SELECT %(survivor)s, CASE WHEN EXISTS (SELECT FROM growth_growthentry AS g
                                       WHERE g.customer_id = %(survivor)s AND g.key = gone.key)
                          THEN gone.key || '@' || %(absorbed)s ELSE gone.key END, amount, at
FROM gone
"""

# The higher level stays, with its own period; the growth of both counts.
_MOVE_LEVEL = """
WITH gone AS (DELETE FROM growth_customerlevel WHERE customer_id = %(absorbed)s RETURNING *)
INSERT INTO growth_customerlevel AS held (customer_id, level_id, growth_value, since, judged_at, counts_from)
SELECT %(survivor)s, level_id, growth_value, since, judged_at, counts_from FROM gone
ON CONFLICT (customer_id) DO UPDATE
SET level_id = EXCLUDED.level_id, since = EXCLUDED.since, judged_at = EXCLUDED.judged_at
WHERE (SELECT threshold FROM growth_level WHERE id = EXCLUDED.level_id)
    > (SELECT threshold FROM growth_level WHERE id = held.level_id)
"""


@transaction.atomic
def join(survivor: int, absorbed: int, *, now: datetime) -> None:
    """Move everything of ``absorbed`` to ``survivor``; repeating it changes nothing."""
    ledger.hold([survivor, absorbed])
    _transfer(survivor, absorbed, now)
    ids = {"survivor": survivor, "absorbed": absorbed}
    for statement in (_MOVE_CHECK_INS, _MOVE_LEVEL_MOVES, _MOVE_GROWTH, _MOVE_LEVEL):
        execute(statement, ids)
    touch([survivor], TouchTopic.POINTS)
    touch([survivor], TouchTopic.LEVEL)
    if CustomerLevel.objects.filter(pk=survivor).exists():
        levels.recount([survivor], now=now)


def finish(customer_id: int, *, now: datetime) -> None:
    """Make up for joins whose event has not been handled yet, so that an order's points are found."""
    joined = ledger.family(customer_id)[1:]
    left_behind = Q(pending__gt=0) | Q(active__gt=0) | Q(debt__gt=0)
    for balance in Balance.objects.filter(left_behind, pk__in=joined):
        join(customer_id, balance.pk, now=now)


def _transfer(survivor: int, absorbed: int, now: datetime) -> None:
    """Move lots and balances; a debt of either is settled from the active points of both."""
    theirs, ours = Balance.objects.get(pk=absorbed), Balance.objects.get(pk=survivor)
    if not (theirs.pending or theirs.active or theirs.debt):
        return
    settled = min(ours.active + theirs.active, ours.debt + theirs.debt)
    execute(_MOVE_LOTS, {"survivor": survivor, "absorbed": absorbed})
    ledger.take_at_most(survivor, settled)
    ledger.book(_both_sides(survivor, theirs, settled, now))


def _both_sides(survivor: int, theirs: Balance, settled: int, now: datetime) -> list[Booking]:
    key = f"join:{theirs.pk}:{survivor}"
    worth = theirs.pending + theirs.active - theirs.debt
    out = {
        Account.PENDING: -theirs.pending,
        Account.ACTIVE: -theirs.active,
        Account.DEBT: theirs.debt,
        Account.GIFT: worth,
    }
    into = {
        Account.PENDING: theirs.pending,
        Account.ACTIVE: theirs.active - settled,
        Account.DEBT: settled - theirs.debt,
        Account.GIFT: -worth,
    }
    return [
        Booking(theirs.pk, key, EntryKind.JOIN, now, out),
        Booking(survivor, key, EntryKind.JOIN, now, into),
    ]
