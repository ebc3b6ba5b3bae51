"""Who is in a segment, and whether that can be relied on now."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import QuerySet

from config.kit import clock
from segments.models import Membership, Segment, SegmentState
from segments.rules.as_of import AsOf
from segments.rules.parse import parse

STALE_AFTER = timedelta(minutes=2)


def members(segment: Segment) -> QuerySet[Membership, int]:
    """The ids of the customers who are in the segment, as of ``segment.computed_at``; composes in queries."""
    return Membership.objects.filter(segment=segment).values_list("customer_id", flat=True)


def is_fresh(segment: Segment, now: datetime) -> bool:
    """Whether the last good run of the rule in force is at most two minutes old. Sends refuse what is not.

    A list is, as long as it is not stopped: it changes at the moment somebody changes it.
    """
    if segment.is_list:
        return segment.state == SegmentState.LIVE
    return (
        segment.state == SegmentState.LIVE
        and segment.computed_version == segment.rule_version
        and segment.computed_at is not None
        and now - segment.computed_at <= STALE_AFTER
    )


def still_matches(segment: Segment, customer_ids: Iterable[int], now: datetime | None = None) -> set[int]:
    """Those of the given customers whom the rule selects now: the same expression, for a few.

    Raises Refusal when the rule cannot be read any more.
    """
    if segment.is_list:
        return set(members(segment).filter(customer__in=list(customer_ids)))
    as_of = AsOf(now or clock.now(), everybody=False)
    found = parse(segment.rule).customers(as_of).filter(pk__in=list(customer_ids))
    return set(found.values_list("pk", flat=True))
