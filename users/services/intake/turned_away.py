"""Items of a batch that name somebody who was erased: dropped without a trace, and counted.

Whom we know is not erased, so only keys that nobody has are looked up, after the owners' locks are held: an
erasure that came first has then left its hashes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from config.kit.batches import copy_rows, fetch, temporary_table
from users.identities import Key, Known, Mention, user_key
from users.services import erased
from users.services.intake.mentioned import COLUMNS, TOLD


def turn_away(
    rows: Sequence[tuple[Any, ...]], mentions: Sequence[Mention], known: Mapping[Key, Known], now: datetime
) -> bool:
    """Take the items out of the batch; whether there were any. ``rows`` are the mentions as they came.

    A customer we know may use a device or an address of somebody who was erased; nobody new may.
    """
    strangers = {key for mention in mentions for key in mention.all_keys} - known.keys()
    hashes = erased.erased_among(strangers) if strangers else {}
    refused = [
        (*row[:-1], digest)
        for row, mention in zip(rows, mentions, strict=True)
        if (digest := _erased(mention, known, hashes))
    ]
    if not refused:
        return False
    columns = (*COLUMNS, "digest")
    temporary_table("intake_erased", ", ".join(f"{column} text" for column in columns))
    copy_rows("intake_erased", columns, refused)
    for digest, items in fetch(_DROP):
        erased.count_refused(digest, items, now)
    return True


def turn_away_orders(now: datetime) -> None:
    """What is told of an order of somebody who was erased: the order stays as it was."""
    for digest, items in fetch(
        """
        WITH gone AS (
            -- By the few items about orders: planned by all of the batch, it would read every customer there is.
            DELETE FROM intake_item item USING order_item said, users_customer customer
            WHERE item.no = said.no AND customer.id = item.customer_id AND customer.erased_at IS NOT NULL
            RETURNING customer.id AS customer_id
        )
        SELECT (SELECT min(digest) FROM users_erasedidentity i WHERE i.customer_id = gone.customer_id), count(*)
        FROM gone GROUP BY gone.customer_id
        """
    ):
        if digest:
            erased.count_refused(digest, items, now)


def _erased(mention: Mention, known: Mapping[Key, Known], hashes: Mapping[Key, str]) -> str | None:
    """The hash by which a mention is turned away, if it is."""
    if mention.user_id is not None and user_key(mention.user_id) in known:
        return None
    return next((hashes[key] for key in mention.all_keys if key in hashes), None)


_NAMED = ", ".join(f"item.{name}" if name.endswith("_id") else f"told.{name}" for name in COLUMNS)
_DROP = f"""
    WITH named AS (
        SELECT item.no, gone.digest FROM intake_item item {TOLD}
        JOIN intake_erased gone
          ON ({_NAMED})
             IS NOT DISTINCT FROM ({", ".join(f"gone.{column}" for column in COLUMNS)})
    ),
    dropped AS (
        DELETE FROM intake_item item USING named WHERE item.no = named.no RETURNING named.digest
    )
    SELECT digest, count(*) FROM dropped GROUP BY digest
"""
