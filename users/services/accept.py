"""Accepting items at the front door: one row, durable before the answer."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, transaction

from config.kit import clock
from users.models import ApiKey, DeadLetter
from users.services.jobs import nudge
from users.tracking.items import LARGEST_EVENT, Rejected

NUDGE_EVERY = 0.25
"""Seconds between two nudges of one process; the schedule looks every other second anyway."""

_nudged_at = 0.0


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where items come from; what every row of theirs says."""

    key_id: int | None
    confirmed: bool
    is_history: bool
    received_at: datetime


def accept(
    items: Sequence[dict[str, Any]],
    *,
    key: ApiKey | None,
    confirmed: bool,
    is_history: bool = False,
    received_at: datetime | None = None,
    rejected: Sequence[Rejected] = (),
) -> int | None:
    """Write the items as one row and the rejected ones as dead letters, and ask for them to be applied.

    ``items`` are normalised (``users.tracking.items``). Durable when this returns, unless the caller is
    inside a transaction. The id of the row, or null when there was no item.
    """
    origin = _Origin(None if key is None else key.pk, confirmed, is_history, received_at or clock.now())
    if rejected:
        with transaction.atomic():
            DeadLetter.objects.bulk_create([_dead_letter(origin, refused) for refused in rejected])
            return _store(origin, items)
    return _store(origin, items)


def _store(origin: _Origin, items: Sequence[dict[str, Any]]) -> int | None:
    if not items:
        return None
    # By hand: this is the hottest statement of the product and the ORM would double its cost.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO users_intakebody (key_id, received_at, confirmed, is_history, attempts, items)"
            " VALUES (%s, %s, %s, %s, 0, %s) RETURNING id",
            (
                origin.key_id,
                origin.received_at,
                origin.confirmed,
                origin.is_history,
                orjson.dumps(items).decode(),
            ),
        )
        row_id: int = cursor.fetchone()[0]
    _nudge()
    return row_id


def _nudge() -> None:
    global _nudged_at  # noqa: PLW0603 - one memory per process is the point
    if time.monotonic() - _nudged_at >= NUDGE_EVERY:
        _nudged_at = time.monotonic()
        nudge("users.apply_intake")


def _dead_letter(origin: _Origin, refused: Rejected) -> DeadLetter:
    return DeadLetter(
        received_at=origin.received_at,
        parked_at=origin.received_at,
        key_id=origin.key_id,
        confirmed=origin.confirmed,
        is_history=origin.is_history,
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
