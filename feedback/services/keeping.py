"""Conversations that are old enough to go."""

from datetime import datetime

from config.kit.batches import fetch
from users.services.retention import counted
from users.services.touch import touch
from users.topics import TouchTopic

_OLD = """
    SELECT customer_id, key FROM feedback_conversation
    WHERE state = 'solved' AND last_message_at < %(cutoff)s ORDER BY last_message_at
"""
due = counted(_OLD)


def remove(cutoff: datetime, limit: int) -> int:
    """Delete the oldest solved conversations with their messages; rules about them are asked again."""
    gone = fetch(
        f"""
        WITH old AS ({_OLD} LIMIT %(limit)s),
        words AS (
            DELETE FROM feedback_message message USING old
            WHERE message.customer_id = old.customer_id AND message.conversation_key = old.key
        )
        DELETE FROM feedback_conversation conversation USING old
        WHERE (conversation.customer_id, conversation.key) = (old.customer_id, old.key)
        RETURNING conversation.customer_id
        """,
        {"cutoff": cutoff, "limit": limit},
    )
    touch({customer_id for (customer_id,) in gone}, TouchTopic.FEEDBACK, is_history=True)
    return len(gone)
