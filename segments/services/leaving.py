"""Erased customers leave every segment at once, whatever its state; nothing starts because of it."""

from config.kit.batches import execute, fetch


def leave(customer_ids: list[int]) -> int:
    """Take customers out of all segments and set the segments' sizes right; how many memberships went."""
    gone = fetch(
        """
        WITH gone AS (
            DELETE FROM segments_membership WHERE customer_id = ANY(%s) RETURNING segment_id
        )
        SELECT segment_id, count(*) FROM gone GROUP BY segment_id ORDER BY segment_id
        """,
        [customer_ids],
    )
    for segment_id, members in gone:
        execute(
            "UPDATE segments_segment SET size = greatest(size - %s, 0) WHERE id = %s", [members, segment_id]
        )
    return sum(members for _segment, members in gone)
