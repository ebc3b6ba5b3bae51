"""The relay: hands events to their handlers, each in one transaction with the deletion of its outbox row.

A batch shares a transaction, each handler runs behind a savepoint: a thousand rows cost a few dozen
commits, and one handler's failure undoes only its own work. What fails is tried again later and later, and
parked in the end.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, transaction

from config.kit import clock
from config.kit.batches import fetch
from users.handlers import Fact, handlers
from users.models import Outbox
from users.orders import parse

log = logging.getLogger(__name__)

BATCH = 200
MOST_ATTEMPTS = 10
LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Due:
    """A claimed outbox row with its event; ``fact`` is None where the event is gone (erased, retired)."""

    outbox_id: int
    handler: str
    attempts: int
    fact: Fact | None


def relay(limit: int = 5_000) -> int:
    """Hand up to ``limit`` due outbox rows to their handlers; how many were handled."""
    handled = looked_at = 0
    while looked_at < limit:
        with transaction.atomic():
            batch = _claim(min(BATCH, limit - looked_at), clock.now())
            done = [due.outbox_id for due in batch if _handle(due)]
            Outbox.objects.filter(pk__in=done).delete()
        handled += len(done)
        looked_at += len(batch)
        if len(batch) < BATCH:
            break
    return handled


def _claim(limit: int, now: datetime) -> list[Due]:
    """Due rows nobody else holds, the oldest; joined customers' rows lead to the survivor's event.

    Handed on customer by customer in the order of their ids: handlers lock their customer until the batch ends, and
    two relays that do so crosswise stand still.
    """
    rows = fetch(
        """
        WITH due AS (
            SELECT id, customer_id, message_id, handler, attempts
            FROM users_outbox
            WHERE parked_at IS NULL AND due_at <= %s
            ORDER BY due_at, id LIMIT %s
            FOR UPDATE SKIP LOCKED
        )
        SELECT due.id, due.handler, due.attempts, event.customer_id, due.message_id, type.name,
               event.occurred_at, event.received_at, event.confirmed, event.properties::text
        FROM due
        LEFT JOIN users_customeralias alias ON alias.old_id = due.customer_id
        LEFT JOIN users_event event
          ON event.customer_id = coalesce(alias.customer_id, due.customer_id)
         AND event.message_id = due.message_id
        LEFT JOIN users_eventtype type ON type.id = event.type_id
        ORDER BY event.customer_id, due.id
        """,
        [now, limit],
    )
    return [
        Due(outbox_id, handler, attempts, None if event[0] is None else _fact(*event))
        for outbox_id, handler, attempts, *event in rows
    ]


def _fact(customer_id: int, message_id: str, name: str, *rest: Any) -> Fact:
    occurred_at, received_at, confirmed, properties = rest
    return Fact(customer_id, message_id, name, occurred_at, received_at, confirmed, parse(properties))


def _handle(due: Due) -> bool:
    """Run one handler behind a savepoint; whether its row is done with."""
    if due.fact is None:
        return True
    try:
        with transaction.atomic():
            handlers[due.handler].run(due.fact)
        return True
    except InterfaceError:
        raise  # the connection is gone, and with it the batch
    except Exception as problem:
        # Poison parking: one handler's fault must not hold up the others.
        # What it says may quote a person's data, so it stays in the row and out of the log.
        where = {"handler": due.handler, "outbox": due.outbox_id, "problem": type(problem).__name__}
        log.warning("handler_failed", extra=where)
        _later(due, problem)
        return False


def _later(due: Due, problem: Exception) -> None:
    now = clock.now()
    attempts = due.attempts + 1
    wait = min(timedelta(seconds=5 * 2**attempts), LONGEST_WAIT)
    Outbox.objects.filter(pk=due.outbox_id).update(
        attempts=attempts,
        due_at=now + wait,
        parked_at=now if attempts >= MOST_ATTEMPTS else None,
        error=f"{type(problem).__name__}: {problem}"[:2000],
    )
