"""Items of a batch that are refused: out of the batch, into the dead letters, with the reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from config.kit.batches import copy_rows, execute, temporary_table
from users import facts
from users.models import Channel


@dataclass(frozen=True, slots=True)
class Refused:
    """An item, by its number in the batch, and why."""

    no: int
    code: str
    field: str = ""
    detail: str = ""


def begin() -> None:
    """An empty list of refusals."""
    temporary_table("intake_refusal", "no integer, code text, field text, detail text")


def refuse(refusals: Iterable[Refused]) -> None:
    """Add to the list; the items leave the batch at ``park``."""
    copy_rows(
        "intake_refusal",
        ("no", "code", "field", "detail"),
        ((one.no, one.code, one.field, one.detail) for one in refusals),
    )


def refuse_what_is_ours() -> None:
    """Events and message ids that only Regulars may use, and event names beyond the limit.

    A stranger who could take the message id of a refund in advance would make the real one a repeat.
    """
    execute(
        """
        INSERT INTO intake_refusal (no, code, field, detail)
        SELECT item.no, found.code, found.field, ''
        FROM intake_item item
        LEFT JOIN intake_type type USING (name)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN type.is_internal THEN 'reserved_event'
                        WHEN split_part(item.message_id, ':', 1) = ANY(%s) THEN 'reserved_message_id'
                        WHEN item.name IS NOT NULL AND type.id IS NULL THEN 'too_many_event_names'
                   END AS code,
                   CASE WHEN split_part(item.message_id, ':', 1) = ANY(%s) THEN 'messageId'
                        ELSE 'event'
                   END AS field
        ) AS found
        WHERE found.code IS NOT NULL
        """,
        [list(facts.OWN_KEYS), list(facts.OWN_KEYS)],
    )


def refuse_unknown_consents() -> None:
    """Answers about a channel or topic that does not exist: an opt-out must not get lost unseen.

    Once the topic is there, the item can be replayed.
    """
    execute(
        """
        INSERT INTO intake_refusal (no, code, field, detail)
        SELECT item.no, 'unknown_consent', 'traits.consents', min(left(told.topic || ' / ' || told.channel, 200))
        FROM intake_item item
        CROSS JOIN LATERAL jsonb_to_recordset(
            CASE WHEN jsonb_typeof(item.traits -> 'consents') = 'array' THEN item.traits -> 'consents' ELSE '[]' END
        ) AS told (channel text, topic text)
        WHERE item.type = 'identify' AND item.traits ? 'consents'
          AND (told.channel <> ALL(%s) OR NOT EXISTS (SELECT FROM users_topic WHERE slug = told.topic))
        GROUP BY item.no
        """,
        [Channel.values],
    )


def park(now: datetime, *, is_history: bool) -> int:
    """Move the items refused so far from the batch to the dead letters; how many."""
    parked = execute(
        """
        WITH gone AS (
            DELETE FROM intake_item item USING intake_refusal refusal WHERE item.no = refusal.no
            RETURNING item.*, refusal.code, refusal.field, refusal.detail
        )
        INSERT INTO users_deadletter (received_at, parked_at, key_id, confirmed, is_history, code, field,
                                      detail, item)
        SELECT received_at, %s, key_id, confirmed, %s, code, field, detail,
               jsonb_build_object(
                   'type', type, 'message_id', message_id, 'user_id', user_id, 'anonymous_id', anonymous_id,
                   'previous_id', previous_id, 'name', name, 'occurred_at', occurred_at, 'clamped', false,
                   'properties', properties, 'traits', traits, 'context', context)::text
        FROM gone
        """,
        [now, is_history],
    )
    execute("DELETE FROM intake_refusal")
    return parked
