"""When two customers are found to be one: what was sent to both becomes the survivor's, and nothing is lost."""

from config.kit.batches import execute, fetch
from users.services.touch import touch
from users.topics import TouchTopic

# A delivery of the absorbed customer that meets one of the survivor keeps its row under this occasion.
_RENAMED = """
    CASE WHEN EXISTS (SELECT FROM campaigns_delivery s WHERE s.customer_id = %(survivor)s
                      AND s.step_id = gone.step_id AND s.occasion = gone.occasion)
         THEN gone.occasion || ':' || %(absorbed)s ELSE gone.occasion END
"""
# Attempts and receipts follow their delivery, so they move while it still stands under both customers.
_FOLLOWERS = {
    "campaigns_attempt": (
        "number, channel, state, provider_key, provider_id, error, permanent, started_at, finished_at"
    ),
    "campaigns_receipt": "key, kind, channel, at, by_bot, link_id",
    "campaigns_delivery": (
        "run_id, batch_id, state, reason, channel, contact, priority, due_at, claimed_at, settled_at,"
        " attempts, variables, outranked_by_id"
    ),
}


def join(survivor: int, absorbed: int) -> None:
    """Move everything of campaigns in the caller's transaction; a repeat finds nothing to move.

    Both attention rows are locked first, in id order, as a claim does.
    """
    ids = {"survivor": survivor, "absorbed": absorbed}
    execute(
        "INSERT INTO campaigns_attention (customer_id) VALUES (%(survivor)s), (%(absorbed)s)"
        " ON CONFLICT DO NOTHING",
        ids,
    )
    fetch(
        "SELECT 1 FROM campaigns_attention WHERE customer_id IN (%(survivor)s, %(absorbed)s)"
        " ORDER BY customer_id FOR UPDATE",
        ids,
    )
    _move_messages(ids)
    _move_assignments(ids)
    _move_conversions(ids)
    _move_credits(ids)
    execute("DELETE FROM campaigns_attention WHERE customer_id = %(absorbed)s", ids)
    touch([survivor], TouchTopic.MESSAGES)
    touch([survivor], TouchTopic.ORDERS)  # what is credited to a message is read with the orders


def _move_messages(ids: dict[str, int]) -> None:
    for table, columns in _FOLLOWERS.items():
        values = ", ".join(f"gone.{column.strip()}" for column in columns.split(","))
        execute(
            f"INSERT INTO {table} (customer_id, step_id, occasion, {columns})"
            f" SELECT %(survivor)s, gone.step_id, {_RENAMED}, {values}"
            f" FROM {table} gone WHERE gone.customer_id = %(absorbed)s ON CONFLICT DO NOTHING",
            ids,
        )
    for table in _FOLLOWERS:
        execute(f"DELETE FROM {table} WHERE customer_id = %(absorbed)s", ids)


def _move_assignments(ids: dict[str, int]) -> None:
    """The earlier assignment wins; a pair of different arms is marked, for the proof leaves it out."""
    execute(
        """
        WITH gone AS (
            DELETE FROM campaigns_assignment WHERE customer_id = %(absorbed)s RETURNING *
        )
        INSERT INTO campaigns_assignment AS kept (customer_id, campaign_id, held_out, assigned_at, in_both)
        SELECT %(survivor)s, campaign_id, held_out, assigned_at, in_both FROM gone
        ON CONFLICT (customer_id, campaign_id) DO UPDATE SET
            in_both = kept.in_both OR excluded.in_both OR kept.held_out <> excluded.held_out,
            held_out = CASE WHEN excluded.assigned_at < kept.assigned_at
                            THEN excluded.held_out ELSE kept.held_out END,
            assigned_at = least(kept.assigned_at, excluded.assigned_at)
        """,
        ids,
    )


def _move_conversions(ids: dict[str, int]) -> None:
    """One conversion per campaign: the earlier one, in the arm that the assignment has now."""
    execute(
        """
        WITH gone AS (
            DELETE FROM campaigns_conversion WHERE customer_id = %(absorbed)s RETURNING *
        )
        INSERT INTO campaigns_conversion AS kept (customer_id, campaign_id, message_id, at, held_out)
        SELECT %(survivor)s, campaign_id, message_id, at, held_out FROM gone
        ON CONFLICT (customer_id, campaign_id) DO UPDATE SET
            message_id = CASE WHEN excluded.at < kept.at THEN excluded.message_id ELSE kept.message_id END,
            at = least(kept.at, excluded.at)
        """,
        ids,
    )
    execute(
        """
        UPDATE campaigns_conversion c SET held_out = a.held_out FROM campaigns_assignment a
        WHERE c.customer_id = %(survivor)s AND a.customer_id = c.customer_id
          AND a.campaign_id = c.campaign_id AND c.held_out <> a.held_out
        """,
        ids,
    )


def _move_credits(ids: dict[str, int]) -> None:
    execute(
        """
        WITH gone AS (
            DELETE FROM campaigns_ordercredit WHERE customer_id = %(absorbed)s RETURNING *
        )
        INSERT INTO campaigns_ordercredit
            (customer_id, source, number, campaign_id, step_id, occasion, touch, touched_at, credited_at)
        SELECT %(survivor)s, source, number, campaign_id, step_id, occasion, touch, touched_at, credited_at
        FROM gone ON CONFLICT DO NOTHING
        """,
        ids,
    )
