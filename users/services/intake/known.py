"""Events of history whose customers are known and held already: on record with all that follows from them.

The short way of the intake: nobody has to ask whose they are. What an event becomes, and what days and stages
make of it, is said by the same statements.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from config.kit.batches import copy_rows, execute
from users.services import activity
from users.services.intake import items, people, types
from users.services.sql import statement


@dataclass(frozen=True, slots=True)
class KnownItem:
    """A confirmed event of a known customer."""

    customer_id: int
    name: str
    message_id: str
    at: datetime
    properties: Mapping[str, Any]


def put_on_record(told: Iterable[KnownItem], now: datetime) -> None:
    """Record events that nobody can have told before (their message ids are ours); they start nothing.

    The customers' Standing rows must be locked, and the transaction be history.
    """
    items.begin()
    people.begin_owners()
    columns = (
        "no", "confirmed", "type", "received_at", "customer_id", "name", "message_id", "occurred_at", "properties",
    )  # fmt: skip
    count = copy_rows(
        "intake_item",
        columns,
        (
            (
                no,
                True,
                "track",
                now,
                one.customer_id,
                one.name,
                one.message_id,
                one.at,
                orjson.dumps(one.properties, default=str).decode(),
            )
            for no, one in enumerate(told, start=1)
        ),
    )
    types.resolve(now)
    people.lower_first_seen()
    activity.begin()
    if execute(statement("insert_events")) < count:
        raise RuntimeError("some events of the file are on record already, or of an unknown kind")
    activity.follow(now, quiet=True)
