"""When two customers are found to be one: the earlier membership and the whole history are kept."""

from django.db import transaction

from config.kit.batches import execute
from config.kit.locks import Lock, lock_for_transaction
from users.services.touch import touch
from users.topics import TouchTopic


@transaction.atomic
def join(survivor: int, absorbed: int) -> None:
    """Move memberships and their log; a repeat finds nothing to move.

    Behind the lock of the runs, so that no run works on a picture in which the rows are still the absorbed
    customer's. Whether the survivor belongs is for the next refresh to say: it is touched once more, because
    a refresh may have looked at it before the rows came.
    """
    lock_for_transaction(Lock.SEGMENT_RUN)
    ids = {"survivor": survivor, "absorbed": absorbed}
    execute(
        """
        UPDATE segments_segment SET size = size - 1 WHERE id IN (
            SELECT segment_id FROM segments_membership WHERE customer_id = %(survivor)s
            INTERSECT SELECT segment_id FROM segments_membership WHERE customer_id = %(absorbed)s
        )
        """,
        ids,
    )
    execute(
        """
        WITH gone AS (
            DELETE FROM segments_membership WHERE customer_id = %(absorbed)s RETURNING segment_id, entered_at
        )
        INSERT INTO segments_membership (customer_id, segment_id, entered_at)
        SELECT %(survivor)s, segment_id, entered_at FROM gone
        ON CONFLICT (customer_id, segment_id)
        DO UPDATE SET entered_at = least(segments_membership.entered_at, excluded.entered_at)
        """,
        ids,
    )
    execute(
        """
        WITH gone AS (
            DELETE FROM segments_membershipchange WHERE customer_id = %(absorbed)s
            RETURNING segment_id, run_id, entered, at, cause
        )
        INSERT INTO segments_membershipchange (customer_id, segment_id, run_id, entered, at, cause)
        SELECT %(survivor)s, segment_id, run_id, entered, at, cause FROM gone
        ON CONFLICT DO NOTHING
        """,
        ids,
    )
    execute(
        """
        WITH gone AS (
            DELETE FROM segments_audiencemember WHERE customer_id = %(absorbed)s RETURNING audience_id
        )
        INSERT INTO segments_audiencemember (customer_id, audience_id)
        SELECT %(survivor)s, audience_id FROM gone ON CONFLICT DO NOTHING
        """,
        ids,
    )
    touch([survivor], TouchTopic.PROFILE)
