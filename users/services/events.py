"""Recording events of our own, with an outbox row per subscribed handler, in the caller's transaction."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from config.kit.batches import copy_rows, execute, temporary_table
from users import facts
from users.handlers import handlers_of
from users.models import EventType


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to record. ``key`` is its business key: the same key is recorded once per customer.

    It begins with one of ``facts.OWN_KEYS`` and a colon, which no message id from outside may.
    """

    customer_id: int
    name: str
    key: str
    occurred_at: datetime
    properties: dict[str, Any] = field(default_factory=dict)
    starts_things: bool = True


def record(event: NewEvent, *, now: datetime) -> None:
    """Record one event; see ``record_many``."""
    record_many([event], now=now)


def record_many(events: Iterable[NewEvent], *, now: datetime) -> int:
    """Record events set-wise; how many were new. Those that start nothing get no outbox rows.

    Does not update stages: an event of ours that counts as activity is recorded by
    ``users.services.activity.record_activity``.
    """
    if not _lay_out(events):
        return 0
    return execute(
        _INSERT_FRESH
        + """
        , queued AS (
            INSERT INTO users_outbox (customer_id, message_id, handler, due_at, attempts, error)
            SELECT customer_id, message_id, unnest(handlers), %(now)s, 0, ''
            FROM fresh JOIN new_event USING (customer_id, message_id)
            ORDER BY no  -- handlers hear of a payment before they hear of its refund
            ON CONFLICT DO NOTHING
        )
        SELECT FROM fresh
        """,
        {"now": now},
    )


def insert_new(events: Iterable[NewEvent], *, now: datetime) -> int:
    """Insert events, and note those that were new in the temporary table ``fresh_event``; how many."""
    if not _lay_out(events):
        return 0
    return execute(
        _INSERT_FRESH
        + """
        INSERT INTO fresh_event (customer_id, message_id, type_id, occurred_at)
        SELECT customer_id, message_id, type_id, occurred_at FROM fresh
        """,
        {"now": now},
    )


_INSERT_FRESH = """
    WITH fresh AS (
        INSERT INTO users_event (customer_id, message_id, type_id, occurred_at, received_at, confirmed,
                                 properties)
        SELECT customer_id, message_id, type_id, occurred_at, %(now)s, true, properties FROM new_event
        ON CONFLICT (customer_id, message_id) DO NOTHING
        RETURNING customer_id, message_id, type_id, occurred_at
    )
"""


def _lay_out(events: Iterable[NewEvent]) -> int:
    """Put events into the temporary table ``new_event``; how many. No table is made for none."""
    rows = [_row(event) for event in events]
    if not rows:
        return 0
    temporary_table(
        "new_event",
        "no integer, customer_id bigint, message_id text, type_id smallint, occurred_at timestamptz, properties jsonb,"
        " handlers text[]",
    )
    return copy_rows(
        "new_event",
        ("no", "customer_id", "message_id", "type_id", "occurred_at", "properties", "handlers"),
        ((no, *row) for no, row in enumerate(rows)),
    )


_ENCODER = DjangoJSONEncoder()


def as_json(properties: dict[str, Any]) -> str:
    """Properties as an event keeps them."""
    return _ENCODER.encode(properties)


@cache
def type_id(name: str) -> int:
    """The id of an event type that the code names (``users.facts``); seeded with fixed ids."""
    return EventType.objects.only("pk").get(name=name).pk


def _row(event: NewEvent) -> tuple[Any, ...]:
    if event.key.partition(":")[0] not in facts.OWN_KEYS:
        raise ValueError(f"{event.key!r} begins with none of facts.OWN_KEYS: somebody outside could take it")
    wanted = handlers_of(event.name) if event.starts_things else []
    return (
        event.customer_id,
        event.key,
        type_id(event.name),
        event.occurred_at,
        as_json(event.properties),
        "{" + ",".join(f'"{name}"' for name in wanted) + "}",
    )
