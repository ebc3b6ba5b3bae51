"""Saying that customers' answers to rules may have changed."""

from collections.abc import Iterable

from config.kit.batches import copy_rows
from users.models import Touched
from users.topics import TouchTopic


def touch(customer_ids: Iterable[int], topic: TouchTopic) -> None:
    """Queue customers for the next refresh of the segments that read ``topic``.

    Call it in the transaction of the change; duplicates are fine. For whole statements use
    ``INSERT INTO users_touched (customer_id, topic) SELECT …`` beside the change.
    """
    copy_rows(Touched._meta.db_table, ("customer_id", "topic"), ((i, topic.value) for i in customer_ids))
