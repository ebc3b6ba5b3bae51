"""Order items among the dead letters that wait for what is told of their order, and letting go of them."""

from collections.abc import Iterable

from config.kit.batches import execute

UNKNOWN_ORDER = "unknown_order"
REFUND_OVER_TOTAL = "refund_over_total"
_BACK_IN_LINE = """
    INSERT INTO users_intakebody (key_id, received_at, confirmed, is_history, attempts, items)
    SELECT key_id, received_at, confirmed, is_history, 0, '[' || item || ']' FROM released ORDER BY id
"""


def waits_for(source: str, number: str) -> str:
    """How a dead letter names the order it waits for."""
    return f"{source} {number}"


def release_waiting() -> int:
    """Put items that waited for their order back in the line, now that it is known; how many."""
    return execute(
        """
        WITH released AS (
            UPDATE users_deadletter letter SET replayed_at = business_now()
            FROM users_orderkey key
            JOIN users_order known
              ON (known.customer_id, known.source, known.number) = (key.customer_id, key.source, key.number)
            WHERE letter.code = %s AND letter.replayed_at IS NULL AND letter.confirmed AND known.confirmed
              AND key.source = split_part(letter.detail, ' ', 1)
              AND key.number = substr(letter.detail, strpos(letter.detail, ' ') + 1)
            RETURNING letter.*
        )
        """
        + _BACK_IN_LINE,
        [UNKNOWN_ORDER],
    )


def release_refunds(raised: Iterable[tuple[str, str]]) -> int:
    """Put refunds of more than was left back in the line, now that more is told of their orders; how many.

    ``raised``: sources and numbers. A refund may come before the update that raised the total; whether it is
    refused must not depend on which of the two came first.
    """
    orders = [waits_for(*order) for order in raised]
    if not orders:
        return 0
    return execute(
        """
        WITH released AS (
            UPDATE users_deadletter SET replayed_at = business_now()
            WHERE code = %s AND replayed_at IS NULL AND confirmed AND detail = ANY(%s)
            RETURNING *
        )
        """
        + _BACK_IN_LINE,
        [REFUND_OVER_TOTAL, orders],
    )
