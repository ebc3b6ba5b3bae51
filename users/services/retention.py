"""Removing what has been kept long enough: events, visitors, dead letters, IP addresses, the demo's mail."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from config.kit.batches import execute, fetch
from users.keeping import kinds
from users.models import Customer, Standing
from users.privacy import Holding, holdings, in_order
from users.services import audit, bundles, stages
from users.services.touch import touch
from users.topics import TouchTopic

CHUNK = 2_000
ENOUGH_SECONDS = 15.0


def remove_due(now: datetime) -> dict[str, int]:
    """Remove what is older than its time, a chunk per transaction, for some seconds; how much of each kind."""
    removed = {kind.name: 0 for kind in kinds}
    until = time.monotonic() + ENOUGH_SECONDS
    for kind in kinds:
        cutoff = kind.cutoff(now)
        while cutoff is not None and time.monotonic() < until:
            with transaction.atomic():
                gone = kind.remove(cutoff, CHUNK)
            removed[kind.name] += gone
            if gone < CHUNK:
                break
    told = {name: rows for name, rows in removed.items() if rows}
    if told:
        audit.record("retention.remove", by=None, after=told)
    return {**removed, "bundles": bundles.delete_expired(now)}


def counted(statement: str) -> Callable[[datetime, int], int]:
    """A count of what a SELECT with ``%(cutoff)s`` finds, no further than the limit."""

    def count(cutoff: datetime, limit: int) -> int:
        asked = {"cutoff": cutoff, "limit": limit}
        ((rows,),) = fetch(f"SELECT count(*) FROM ({statement} LIMIT %(limit)s) AS due", asked)
        return int(rows)

    return count


_OLD_EVENTS = """
    SELECT old.customer_id, old.message_id FROM users_eventtype type
    CROSS JOIN LATERAL (
        SELECT customer_id, message_id FROM users_event
        WHERE type_id = type.id AND occurred_at < %(cutoff)s ORDER BY occurred_at LIMIT %(limit)s
    ) AS old
"""
due_events = counted(_OLD_EVENTS)


def remove_events(cutoff: datetime, limit: int) -> int:
    """Delete old events. Days, orders and stages stay; rules about events are asked again and start nothing."""
    gone = fetch(
        f"""
        WITH old AS ({_OLD_EVENTS} LIMIT %(limit)s)
        DELETE FROM users_event event USING old
        WHERE (event.customer_id, event.message_id) = (old.customer_id, old.message_id)
        RETURNING event.customer_id
        """,
        {"cutoff": cutoff, "limit": limit},
    )
    touch({customer_id for (customer_id,) in gone}, TouchTopic.EVENTS, is_history=True)
    return len(gone)


def due_visitors(cutoff: datetime, limit: int) -> int:
    """How many visitors have been silent since before ``cutoff``."""
    return len(_silent_visitors(cutoff, limit))


def remove_visitors(cutoff: datetime, limit: int) -> int:
    """Delete visitors who never said who they are, with everything of theirs; those with an order stay."""
    ids = stages.lock(_silent_visitors(cutoff, limit))
    ids = [one for one in _silent_visitors(cutoff, limit) if one in set(ids)]
    for holding in sorted(in_order(), key=lambda one: one.model in (Standing, Customer)):
        delete(holding, ids)
    return len(ids)


def delete(holding: Holding, ids: list[int]) -> None:
    """Delete the rows of some customers in one table."""
    if holding.clean is not None:
        holding.clean(ids)
    else:
        execute(f'DELETE FROM "{holding.table}" WHERE "{holding.column}" = ANY(%s)', [ids])


def _silent_visitors(cutoff: datetime, limit: int) -> list[int]:
    """Unidentified customers without activity since ``cutoff``, who are in nobody's books."""
    absent = " ".join(
        f'AND NOT EXISTS (SELECT FROM "{h.table}" held WHERE held."{h.column}" = customer.id)'
        for h in holdings
        if h.is_books
    )
    return [
        row[0]
        for row in fetch(
            f"""
            SELECT customer.id FROM users_standing standing
            JOIN users_customer customer ON customer.id = standing.customer_id
            WHERE NOT customer.identified AND customer.erased_at IS NULL AND customer.first_seen_at < %(cutoff)s
              AND (standing.last_activity_at < %(cutoff)s OR standing.last_activity_at IS NULL) {absent}
            LIMIT %(limit)s
            """,
            {"cutoff": cutoff, "limit": limit},
        )
    ]


def deleting(table: str, where: str) -> Callable[[datetime, int], int]:
    """Delete the rows of a table with an id that a condition with ``%(cutoff)s`` finds."""
    return changing(f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {where} LIMIT %(limit)s)")


def changing(statement: str) -> Callable[[datetime, int], int]:
    """Do a statement with ``%(cutoff)s`` and ``%(limit)s``."""

    def change(cutoff: datetime, limit: int) -> int:
        return execute(statement, {"cutoff": cutoff, "limit": limit})

    return change


empty_ips = changing(
    """
    UPDATE users_consent consent SET ip = NULL
    FROM (SELECT customer_id, key FROM users_consent
          WHERE ip IS NOT NULL AND recorded_at < %(cutoff)s ORDER BY recorded_at LIMIT %(limit)s) AS old
    WHERE (consent.customer_id, consent.key) = (old.customer_id, old.key)
    """
)


def due_mail(cutoff: datetime, limit: int) -> int:
    """How many messages of the demo's mail are older."""
    return len(_old_mail(cutoff, limit))


def remove_mail(cutoff: datetime, limit: int) -> int:
    """Delete old messages of the demo's mail."""
    old = _old_mail(cutoff, limit)
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _old_mail(cutoff: datetime, limit: int) -> list[Path]:
    """Their names begin with the nanoseconds of their arrival."""
    first = f"{int(cutoff.timestamp()) * 10**9:020d}"
    paths = (path for path in Path(settings.SINK_DIR).glob("*/*") if path.name < first)
    return sorted(paths)[:limit]
