"""Apply accepted bodies: many at once, each once, in the transaction that takes them away.

A batch that fails is halved until what fails stands alone; that body is split into its items the same way,
and the one item that cannot be applied becomes a dead letter while its neighbours go on.
"""

import json
import logging
import time
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, transaction
from psycopg2.errors import DeadlockDetected

from config.kit import clock
from config.kit.batches import fetch
from config.kit.collector import collector_paused
from users.models import DeadLetter, IntakeBody
from users.services.intake.batch import apply_batch
from users.services.intake.counts import Applied
from users.services.order_letters import release_waiting

log = logging.getLogger(__name__)

# A batch is as many bodies as make about 20,000 items: an event costs a tenth less than in batches of 10,000, because
# each customer is looked at once; more gain little and hold locks for longer than a second.
MOST_BODIES = 200
MOST_BYTES = 9_000_000
# A task is stopped after 27 seconds; what one transaction was doing would start again from nothing.
ENOUGH_SECONDS = 12
# Deadlocks with other writers are rare and end with one of the two starting again.
TRIES = 3


def apply_waiting(limit: int = MOST_BODIES) -> Applied:
    """Apply up to ``limit`` waiting bodies, oldest first, in as many transactions as their size asks for.

    Stops early after ``ENOUGH_SECONDS``: the caller asks again as long as something was applied.
    """
    total = Applied()
    until = time.monotonic() + ENOUGH_SECONDS
    while total.bodies < limit and (done := _apply_some(min(limit - total.bodies, MOST_BODIES))):
        total.add(done)
        if done.orders:
            release_waiting()
        if time.monotonic() > until:
            break
    return total


@collector_paused()
def _apply_some(limit: int) -> Applied | None:
    """One transaction's worth of bodies; None when nothing waits. A deadlock's victim starts again."""
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                ids = _claim(limit)
                return _apply_or_isolate(ids) if ids else None
        except OperationalError as problem:
            if attempt == TRIES or not isinstance(problem.__cause__, DeadlockDetected):
                raise
    return None


def _claim(limit: int) -> list[int]:
    """The oldest bodies nobody else holds, all history or all live, not many more than MOST_BYTES."""
    rows = fetch(
        "SELECT id, is_history, octet_length(items) FROM users_intakebody ORDER BY id LIMIT %s"
        " FOR UPDATE SKIP LOCKED",
        [limit],
    )
    ids: list[int] = []
    size = 0
    for body_id, is_history, length in rows:
        if ids and (is_history != rows[0][1] or size + length > MOST_BYTES):
            break
        ids.append(body_id)
        size += length
    return ids


def _apply_or_isolate(ids: list[int]) -> Applied:
    """Apply bodies held by this transaction; what cannot be applied is found by halving and parked."""
    try:
        with transaction.atomic():
            return apply_batch(ids, now=clock.now())
    except (OperationalError, SoftTimeLimitExceeded):
        raise  # the database's trouble or ours, not the bodies': everything goes back
    except Exception as problem:
        # Poison parking: whatever an item breaks, its neighbours must go on and a person must see the reason.
        # The message may quote a person's data, so it goes into the dead letter and not into the log.
        log.warning("intake_batch_failed", extra={"bodies": len(ids), "problem": type(problem).__name__})
        if len(ids) == 1:
            return _split(IntakeBody.objects.get(pk=ids[0]), problem)
        middle = len(ids) // 2
        done = _apply_or_isolate(ids[:middle])
        done.add(_apply_or_isolate(ids[middle:]))
        return done


def _split(body: IntakeBody, problem: Exception) -> Applied:
    """Put the halves of a body in its place and apply each; an item that fails by itself is parked."""
    items = _items(body)
    body.delete()
    if len(items) == 1:
        _park(body, items[0], problem)
        return Applied(bodies=1, items=1, parked=1)
    middle = len(items) // 2
    done = Applied()
    for half in (items[:middle], items[middle:]):
        body.pk, body.items = None, json.dumps(half)
        body.save(force_insert=True)
        done.add(_apply_or_isolate([body.pk]))
    return done


def _items(body: IntakeBody) -> list[Any]:
    """The items of a body; a body that is no list of them counts as one item."""
    try:
        items = json.loads(body.items)
    except ValueError:
        return [body.items]
    return items if isinstance(items, list) and items else [items]


def _park(body: IntakeBody, item: Any, problem: Exception) -> None:
    DeadLetter.objects.create(
        received_at=body.received_at,
        parked_at=clock.now(),
        key_id=body.key_id,
        confirmed=body.confirmed,
        is_history=body.is_history,
        code="cannot_be_applied",
        detail=f"{type(problem).__name__}: {problem}"[:2000],
        item=json.dumps(item),
    )
