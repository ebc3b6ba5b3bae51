"""What follows from fresh events: customer-days, stages, topics touched, handlers queued.

Fresh events are rows of the temporary table ``fresh_event``: those that were really inserted, not repeats.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from config.kit.batches import execute, temporary_table
from users import shop
from users.handlers import handlers_of, subscribed_events
from users.services import stages, survivors
from users.services.events import NewEvent, insert_new
from users.services.sql import statement


@transaction.atomic
def record_activity(events: Iterable[NewEvent], *, now: datetime) -> int:
    """Record events of ours that count as a customer's activity (a click, a check-in), stages included.

    In the caller's transaction; how many were new. A customer who was joined meanwhile is the survivor.
    """
    events = list(events)
    leads = survivors.hold({event.customer_id for event in events})
    events = [
        replace(event, customer_id=leads[event.customer_id]) for event in events if event.customer_id in leads
    ]
    begin()
    fresh = insert_new(events, now=now)
    follow(now, quiet=False)
    return fresh


def begin() -> None:
    """An empty ``fresh_event``; the caller fills it and calls ``follow``."""
    temporary_table(
        "fresh_event",
        "customer_id bigint, message_id varchar(150), type_id smallint, occurred_at timestamptz",
    )


def follow(now: datetime, *, quiet: bool) -> None:
    """Do everything that follows from the fresh events; ``quiet`` (history) starts nothing.

    The customers' Standing rows must be locked.
    """
    temporary_table(
        "active_day", "customer_id bigint, first_at timestamptz, last_at timestamptz, is_new boolean"
    )
    limits = asdict(stages.thresholds_of(stages.rule_in_force()))
    if execute(statement("upsert_days"), {"zone": settings.SHOP_TIME_ZONE, "now": now, **limits}):
        stages.begin()
        _scope(now, quiet)
        stages.add_known_spans()
        stages.settle(now)
    execute(
        "INSERT INTO users_touched (customer_id, topic, is_history)"
        " SELECT customer_id, 'events', %s OR max(occurred_at) < %s FROM fresh_event GROUP BY customer_id",
        [quiet, oldest_trigger(now)],
    )
    if not quiet:
        _queue_handlers(now)


def oldest_trigger(now: datetime) -> datetime:
    """Events before this instant move figures but start nothing."""
    return now - timedelta(hours=shop.trigger_max_age_hours.get())


def _scope(now: datetime, quiet: bool) -> None:
    """The customers whose days changed and who may move. Where everything new lies in or after the current
    run, that run and the changed days say all; activity before it, or a run still to come, asks for all days."""
    execute(
        """
        INSERT INTO stage_scope (customer_id, since, until, from_first_run, quiet, new_days)
        SELECT customer_id, part.since, greatest(%s, stage_at),
               part.since IS NULL OR part.since = first_activity_at, %s, changed.new_days
        FROM users_standing
        JOIN (
            SELECT customer_id, min(first_at) AS earliest, count(*) FILTER (WHERE is_new) AS new_days
            FROM active_day GROUP BY customer_id
        ) AS changed USING (customer_id)
        LEFT JOIN LATERAL (
            SELECT run_started_at AS since
            WHERE changed.earliest >= run_started_at AND coalesce(next_move_at > run_started_at, true)
        ) AS part ON true
        """,
        [now, quiet],
    )
    execute(
        "INSERT INTO stage_span (customer_id, first_at, last_at) SELECT customer_id, first_at, last_at"
        " FROM active_day JOIN stage_scope USING (customer_id) WHERE since IS NOT NULL"
    )


def _queue_handlers(now: datetime) -> None:
    pairs: Sequence[tuple[str, str]] = [
        (event, handler) for event in subscribed_events() for handler in handlers_of(event)
    ]
    if pairs:
        execute(
            statement("queue_handlers"),
            {
                "now": now,
                "events": [event for event, _ in pairs],
                "handlers": [handler for _, handler in pairs],
                "oldest_trigger": oldest_trigger(now),
            },
        )
