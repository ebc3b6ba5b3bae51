"""Saying that customers' answers to rules may have changed."""

from collections.abc import Iterable

from config.kit.batches import copy_rows, execute
from users.models import Touched
from users.topics import TouchTopic


def touch(customer_ids: Iterable[int], topic: TouchTopic, *, is_history: bool = False) -> None:
    """Queue customers for the next refresh of the segments that read ``topic``.

    ``is_history``: what changed starts nothing; by default the transaction says so (``as_history``).

    Call it in the transaction of the change; duplicates are fine. For whole statements use
    ``INSERT INTO users_touched (customer_id, topic) SELECT …`` beside the change.
    """
    table = Touched._meta.db_table
    if is_history:
        rows = ((customer_id, topic.value, True) for customer_id in customer_ids)
        copy_rows(table, ("customer_id", "topic", "is_history"), rows)
    else:
        copy_rows(table, ("customer_id", "topic"), ((i, topic.value) for i in customer_ids))


def as_history() -> None:
    """Whatever this transaction touches from here on is history: memberships that change with it start nothing."""
    execute("SET LOCAL regulars.history = 'on'")
