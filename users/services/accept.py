"""Accepting items at the front door: one row, durable before the answer."""

import json
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction

from config.kit import clock
from users.models import ApiKey, DeadLetter, IntakeBody
from users.services.jobs import nudge
from users.tracking.items import LARGEST_EVENT, Rejected

NUDGE_EVERY = 0.25
"""Seconds between two nudges of one process; the schedule looks every other second anyway."""

_nudged_at = 0.0


def accept(
    items: Sequence[dict[str, Any]],
    *,
    key: ApiKey | None,
    confirmed: bool,
    is_history: bool = False,
    received_at: datetime | None = None,
    rejected: Sequence[Rejected] = (),
) -> IntakeBody | None:
    """Write the items as one row and the rejected ones as dead letters, and ask for them to be applied.

    ``items`` are normalised (``users.tracking.items``). Durable when this returns, unless the caller is
    inside a transaction. Null when there was no item.
    """
    received_at = received_at or clock.now()
    body = IntakeBody(
        key=key,
        received_at=received_at,
        confirmed=confirmed,
        is_history=is_history,
        items=orjson.dumps(items).decode() if items else "",
    )
    if rejected:
        with transaction.atomic():
            DeadLetter.objects.bulk_create([_dead_letter(body, refused) for refused in rejected])
            return _store(body)
    return _store(body)


def _store(body: IntakeBody) -> IntakeBody | None:
    if not body.items:
        return None
    # By hand: this is the hottest statement of the product and the ORM would double its cost.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO users_intakebody (key_id, received_at, confirmed, is_history, attempts, items)"
            " VALUES (%s, %s, %s, %s, 0, %s) RETURNING id",
            (body.key_id, body.received_at, body.confirmed, body.is_history, body.items),
        )
        (body.pk,) = cursor.fetchone()
    _nudge()
    return body


def _nudge() -> None:
    global _nudged_at  # noqa: PLW0603 - one memory per process is the point
    if time.monotonic() - _nudged_at >= NUDGE_EVERY:
        _nudged_at = time.monotonic()
        nudge("users.apply_intake")


def _dead_letter(body: IntakeBody, refused: Rejected) -> DeadLetter:
    return DeadLetter(
        received_at=body.received_at,
        parked_at=body.received_at,
        key_id=body.key_id,
        confirmed=body.confirmed,
        is_history=body.is_history,
        code=refused.code,
        field=refused.field[:100],
        item=_as_ascii(refused.event),
    )


def _as_ascii(event: Any) -> str:
    """The event as JSON text that PostgreSQL can hold whatever characters are in it; cut where too long."""
    try:
        return json.dumps(event, separators=(",", ":"))[:LARGEST_EVENT]
    except RecursionError:
        return ""
