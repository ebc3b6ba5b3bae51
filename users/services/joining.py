"""Joining customers: two histories become one, nothing is lost.

Per table: insert under the survivor, delete under the absorbed; only tables with a key of their own
(identities, order keys, aliases) are pointed elsewhere. The apps above do theirs in a handler of
``customers_joined``.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from config.kit.batches import copy_rows, execute, temporary_table
from users import facts
from users.services import acquisition, consent, orders, profile, stages
from users.services.events import NewEvent, record_many
from users.services.sql import statement
from users.services.touch import touch
from users.topics import TouchTopic

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


def _fact(absorbed: int, survivor: int, now: datetime) -> NewEvent:
    return NewEvent(
        customer_id=survivor,
        name=facts.CUSTOMERS_JOINED,
        key=f"{facts.CUSTOMERS_JOINED}:{absorbed}",
        occurred_at=now,
        properties={"survivor": survivor, "absorbed": absorbed},
    )
