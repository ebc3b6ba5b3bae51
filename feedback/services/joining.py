"""Two customers turn out to be one: the survivor takes over the conversations."""

from django.db import transaction

from config.kit.batches import execute, fetch
from users.services.touch import touch
from users.topics import TouchTopic

# Keys of conversations are unique over all customers, so nothing can collide.
_MOVE = (
    """
    WITH gone AS (DELETE FROM feedback_message WHERE customer_id = %(absorbed)s RETURNING *)
    INSERT INTO feedback_message (customer_id, conversation_key, key, from_customer, is_note, operator_id,
                                  text, at, mailed_at)
    SELECT %(survivor)s, conversation_key, key, from_customer, is_note, operator_id, text, at, mailed_at
    FROM gone
    """,
    """
    WITH gone AS (DELETE FROM feedback_conversation WHERE customer_id = %(absorbed)s RETURNING *)
    INSERT INTO feedback_conversation (customer_id, key, subject, kind, origin, state, assignee_id, opened_at,
                                       waiting_since, first_reply_due_at, reply_due_at, first_replied_at,
                                       solved_at, last_message_at)
    SELECT %(survivor)s, key, subject, kind, origin, state, assignee_id, opened_at, waiting_since,
           first_reply_due_at, reply_due_at, first_replied_at, solved_at, last_message_at
    FROM gone
    """,
)


@transaction.atomic
def join(survivor: int, absorbed: int) -> None:
    """Move the conversations of ``absorbed`` to ``survivor``; repeating it changes nothing.

    Whoever is writing in one of them holds its row, and what they write must come along.
    """
    fetch("SELECT 1 FROM feedback_conversation WHERE customer_id = %s ORDER BY key FOR UPDATE", [absorbed])
    for statement in _MOVE:
        execute(statement, {"survivor": survivor, "absorbed": absorbed})
    touch([survivor], TouchTopic.FEEDBACK)
