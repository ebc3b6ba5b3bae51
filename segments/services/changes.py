"""The log of comings and goings from a place in it onwards, for programs that follow a segment.

Runs are numbered, and since each holds the lock of the runs until its commit, they become visible in the order
of their numbers: whoever reads from a place (run, customer) onwards misses nothing and sees nothing twice.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext as _

from config.kit.batches import fetch
from config.kit.instants import instant
from config.kit.refusal import Refusal
from segments.models import Run, Segment

LATEST = "latest"
CURSOR = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
LAST_CUSTOMER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Behind this customer of this run."""

    run: int
    customer: int

    def encode(self) -> str:
        """As callers keep it."""
        return f"{self.run}-{self.customer}"


@dataclass(frozen=True, slots=True)
class Change:
    """One coming or going. ``version``: of the rule by which it was judged; None where the run kept no row."""

    segment_id: int
    run_id: int
    customer_id: int
    user_id: str | None
    entered: bool
    at: datetime
    cause: str
    version: int | None

    @property
    def id(self) -> str:
        """The same for ever, in every surface."""
        return f"{self.segment_id}-{self.run_id}-{self.customer_id}"

    @property
    def place(self) -> Place:
        """Where it stands in the log of its segment."""
        return Place(self.run_id, self.customer_id)


def decode(cursor: str) -> Place:
    """The place of a cursor; ``latest`` is the end of the log. Raises Refusal."""
    if cursor == LATEST:
        return Place(latest_run(), LAST_CUSTOMER // 10)
    match = CURSOR.fullmatch(cursor)
    if match is None:
        raise Refusal("bad_cursor", _("This is no cursor of ours."), field="cursor")
    return Place(int(match[1]), int(match[2]))


def since(told: str) -> Place:
    """The place of a cursor, or the one before all that came and went at an instant or later. Raises Refusal."""
    if told == LATEST or CURSOR.fullmatch(told):
        return decode(told)
    at = instant(told, field="since")
    before = Run.objects.filter(now__lt=at).order_by("-now", "-pk").values_list("pk", flat=True).first()
    return Place(before or 0, LAST_CUSTOMER // 10)


def latest_run() -> int:
    """The number of the newest run that can be seen."""
    return Run.objects.aggregate(last=Max("pk"))["last"] or 0


def changes_of(segment: Segment, after: Place, limit: int) -> list[Change]:
    """The next changes of one segment behind a place, oldest first."""
    return changes_after([(segment.pk, after)], limit)


def changes_after(
    places: Sequence[tuple[int, Place]],
    limit: int,
    *,
    until_run: int | None = None,
    causes: Sequence[str] | None = None,
    entered: Sequence[bool] = (True, False),
) -> list[Change]:
    """The next changes of several segments, each behind its own place, by run, segment, customer.

    One short stretch of the index ``change_by_segment`` per segment, however long the log is.
    """
    rows = fetch(
        """
        SELECT found.segment_id, found.run_id, found.customer_id, customer.user_id, found.entered, found.at,
               found.cause, of.rule_version
        FROM unnest(%(segments)s::bigint[], %(runs)s::bigint[], %(customers)s::bigint[])
             AS asked (segment_id, run_id, customer_id)
        CROSS JOIN LATERAL (
            SELECT change.* FROM segments_membershipchange change
            WHERE change.segment_id = asked.segment_id
              AND (change.run_id, change.customer_id) > (asked.run_id, asked.customer_id)
              AND (%(until)s::bigint IS NULL OR change.run_id <= %(until)s)
              AND (%(causes)s::text[] IS NULL OR change.cause = ANY(%(causes)s))
              AND change.entered = ANY(%(entered)s)
            ORDER BY change.run_id, change.customer_id LIMIT %(limit)s
        ) found
        LEFT JOIN users_customer customer ON customer.id = found.customer_id
        LEFT JOIN segments_segmentrun of ON of.run_id = found.run_id AND of.segment_id = found.segment_id
        ORDER BY found.run_id, found.segment_id, found.customer_id LIMIT %(limit)s
        """,
        {
            "segments": [segment for segment, _place in places],
            "runs": [place.run for _segment, place in places],
            "customers": [place.customer for _segment, place in places],
            "until": until_run,
            "causes": list(causes) if causes is not None else None,
            "entered": list(entered),
            "limit": limit,
        },
    )
    return [Change(*row) for row in rows]
