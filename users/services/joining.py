"""Joining customers: two histories become one, nothing is lost.

Per table: insert under the survivor, delete under the absorbed; only tables with a key of their own
(identities, order keys, aliases) are pointed elsewhere. The apps above do theirs in a handler of
``customers_joined``.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from config.kit.batches import copy_rows, execute, temporary_table
from users import facts
from users.handlers import handlers_of
from users.services import acquisition, consent, orders, profile, stages
from users.services.events import NewEvent, record_many
from users.services.sql import statement
from users.services.touch import touch
from users.topics import TouchTopic

AGAIN_AFTER = timedelta(minutes=10)
AGAIN_UNTIL = timedelta(minutes=40)
TOPICS = (
    TouchTopic.PROFILE,
    TouchTopic.CONTACT,
    TouchTopic.CONSENT,
    TouchTopic.TAGS,
    TouchTopic.STAGE,
    TouchTopic.ORDERS,
    TouchTopic.VALUE,
    TouchTopic.EVENTS,
)


@transaction.atomic
def join(survivor: int, absorbed: int, *, now: datetime, cause: str) -> None:
    """Join two customers; ``cause`` says why ("identify", "hand"). The stricter consent holds."""
    stages.lock([survivor, absorbed])
    join_many({absorbed: survivor}, now=now, cause=cause)


def join_many(joins: Mapping[int, int], *, now: datetime, cause: str, quiet: bool = False) -> None:
    """Join customers (absorbed → survivor, each survivor staying) in the caller's transaction.

    The caller holds the locks of all of them. Stages that become true with it start what they start, unless
    ``quiet``.
    """
    if not joins:
        return
    survivors = sorted(set(joins.values()))
    temporary_table("join_pair", "absorbed bigint PRIMARY KEY, survivor bigint")
    copy_rows("join_pair", ("absorbed", "survivor"), joins.items())
    execute("ANALYZE join_pair")
    profile.absorb(joins)
    acquisition.absorb(joins)
    for step in statement("join_customers").split(";\n\n"):
        execute(step, {"now": now, "cause": cause})
    consent.mark_current(survivors)
    orders.recount(survivors)
    stages.recompute(survivors, now, quiet=quiet)
    for topic in TOPICS:
        touch(survivors, topic)
    record_many((_fact(absorbed, survivor, now) for absorbed, survivor in joins.items()), now=now)


def look_again(now: datetime) -> int:
    """Hand the joins of a while ago to their handlers once more; how many calls are queued.

    An act that chose its customers before a join may commit after the handlers have moved everything (the
    plan of a campaign, a service message). A repeat finds nothing left to move, or moves what came late.
    """
    return execute(
        """
        INSERT INTO users_outbox (customer_id, message_id, handler, due_at, attempts, error)
        SELECT alias.customer_id, %(event)s || ':' || alias.old_id, handler, %(now)s, 0, ''
        FROM users_customeralias alias CROSS JOIN unnest(%(handlers)s) AS handler
        WHERE alias.joined_at >= %(now)s - %(until)s AND alias.joined_at < %(now)s - %(since)s
        ON CONFLICT DO NOTHING
        """,
        {
            "event": facts.CUSTOMERS_JOINED,
            "handlers": list(handlers_of(facts.CUSTOMERS_JOINED)),
            "now": now,
            "since": AGAIN_AFTER,
            "until": AGAIN_UNTIL,
        },
    )


def _fact(absorbed: int, survivor: int, now: datetime) -> NewEvent:
    return NewEvent(
        customer_id=survivor,
        name=facts.CUSTOMERS_JOINED,
        key=f"{facts.CUSTOMERS_JOINED}:{absorbed}",
        occurred_at=now,
        properties={"survivor": survivor, "absorbed": absorbed},
    )
