"""Customers who are erased, or whose import is undone, leave every segment at once; nothing starts because of it."""

from config.kit.batches import execute, fetch
from segments.models import Membership, MembershipChange
from segments.models.segment import SegmentKind
from users.services.imports.removal import Follows, followers


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


def unmake(customer_ids: list[int]) -> None:
    """Take customers who were never there out of all segments, with their history."""
    leave(customer_ids)
    MembershipChange.objects.filter(customer__in=customer_ids).delete()


def named_on_lists(customer_ids: list[int]) -> set[int]:
    """Who of them was put on a list since: rules choose by themselves, a list is somebody's act."""
    on_lists = Membership.objects.filter(customer__in=customer_ids, segment__kind=SegmentKind.LIST)
    return set(on_lists.values_list("customer_id", flat=True))


followers.register("segments", Follows((Membership, MembershipChange), unmake, named_on_lists))
