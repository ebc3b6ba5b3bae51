"""Lists: segments whose members are named, not asked for: by hand, by a file, by the shop's back end.

A list changes at once and is exact at every moment. Each change is a run of its own behind the lock of the
runs, so that what refers to the list sees it in its next refresh and the log of changes has no gap.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.batches import fetch
from config.kit.locks import Lock, lock_for_transaction
from config.kit.refusal import Conflict, NotFound, Refusal
from segments.models import ChangeCause, Run, RunKind, Segment, SegmentKind, SegmentRun, SegmentState
from segments.services import tag_keeping
from segments.services.affected import Statement, ids
from segments.services.segments import check_name, keep_version, state_of
from users.models import Customer, Operator
from users.services import audit

How = Literal["add", "remove", "replace"]
Customers = QuerySet[Any, Any] | Iterable[int] | Statement
"""Whom a change names: a query of ids, ids, or a statement that yields ids with its parameters."""
MOST_BY_HAND = 1_000
"""Customers that one act by hand or one call may name."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change of a list did. ``run`` is None when it did nothing."""

    run: Run | None
    entered: int
    left: int


@transaction.atomic
def create_list(
    *, name: str, by: Operator | None, description: str = "", folder: str = "", actor: str = ""
) -> Segment:
    """Make an empty list. Raises Refusal or Conflict."""
    check_name(name)
    now = clock.now()
    made = Segment.objects.create(
        name=name.strip(),
        description=description.strip()[:300],
        folder=folder.strip(),
        kind=SegmentKind.LIST,
        state=SegmentState.LIVE,
        computed_at=now,
        computed_version=1,
        created_at=now,
        created_by=by,
    )
    keep_version(made, by, now)
    audit.record("segment.create", by=by, actor=actor, target=made, after=state_of(made))
    return made


@transaction.atomic
def change(
    segment: Segment,
    customers: Customers,
    how: How,
    *,
    by: Operator | None,
    actor: str = "",
    way: str = "hand",
) -> Changed:
    """Add customers, take them off, or make the list hold just them. Raises Refusal.

    Unknown and erased customers are passed over. ``way`` says in the audit trail where they come from.
    """
    changed = write(segment, customers, how)
    if changed.run is not None:
        after = {"entered": changed.entered, "left": changed.left, "way": way}
        audit.record("segment.members", by=by, actor=actor, target=segment, after=after)
    return changed


def write(segment: Segment, customers: Customers, how: How) -> Changed:
    """``change`` without a line in the audit trail, for parts of what has one; holds the lock of the runs."""
    lock_for_transaction(Lock.SEGMENT_RUN)
    held = require_list(Segment.objects.select_for_update().filter(pk=segment.pk).first())
    run = Run.objects.create(kind=RunKind.LIST, now=clock.now())
    entered, left = _apply(held, customers, how, run)
    if not entered and not left:
        run.delete()
        return Changed(None, 0, 0)
    size = held.size + entered - left
    SegmentRun.objects.create(
        run=run, segment=held, rule_version=held.rule_version, checked=entered + left, entered=entered,
        left=left, size=size,
    )  # fmt: skip
    Segment.objects.filter(pk=held.pk).update(size=size, computed_at=run.now, computed_in=run.pk)
    tag_keeping.follow(held, run)
    return Changed(run, entered, left)


def require_list(segment: Segment | None) -> Segment:
    """The segment, when its members may be named. Raises Refusal."""
    if segment is None:
        raise NotFound(_("There is no such segment."))
    if not segment.is_list:
        raise Conflict(
            "not_a_list", _("A rule says who is in this segment. Only a list takes customers by name.")
        )
    if segment.state == SegmentState.RETIRED:
        raise Conflict("stopped", _("This list is stopped. Take it up again first."))
    return segment


def living(customer_ids: Iterable[int]) -> set[int]:
    """Those of these customers who are there and not erased."""
    found = Customer.objects.living().filter(pk__in=list(customer_ids))
    return set(found.values_list("pk", flat=True))


def few(customer_ids: Iterable[int]) -> list[int]:
    """As many customers as one act may name. Raises Refusal for more."""
    found = sorted(set(customer_ids))
    if len(found) > MOST_BY_HAND:
        raise Refusal(
            "too_many",
            _("At most %(n)d customers at once. Longer lists come as a file.") % {"n": MOST_BY_HAND},
            field="members",
        )
    return found


# Who is taken off, beside whom the statement names.
_LEAVERS = {
    "add": "false",
    "remove": "member.customer_id IN (SELECT customer_id FROM named)",
    "replace": "member.customer_id NOT IN (SELECT customer_id FROM named)",
}


def _apply(segment: Segment, customers: Customers, how: How, run: Run) -> tuple[int, int]:
    """Delete the leavers, insert the comers, log both, in one statement over one picture."""
    sql, parameters = _statement(customers)
    ((entered, left),) = fetch(
        f"""
        WITH named (customer_id) AS MATERIALIZED (
            SELECT customer.id FROM users_customer customer
            WHERE customer.erased_at IS NULL AND customer.id IN ({sql})
        ), leavers AS (
            DELETE FROM segments_membership member WHERE member.segment_id = %s AND {_LEAVERS[how]}
            RETURNING member.customer_id
        ), comers AS (
            INSERT INTO segments_membership (customer_id, segment_id, entered_at)
            SELECT named.customer_id, %s, %s FROM named WHERE %s
            ON CONFLICT DO NOTHING RETURNING customer_id
        ), logged AS (
            INSERT INTO segments_membershipchange (customer_id, segment_id, run_id, entered, at, cause)
            SELECT moved.customer_id, %s, %s, moved.entered, %s, %s FROM (
                SELECT customer_id, false FROM leavers UNION ALL SELECT customer_id, true FROM comers
            ) AS moved (customer_id, entered)
        )
        SELECT (SELECT count(*) FROM comers), (SELECT count(*) FROM leavers)
        """,
        [
            *parameters,
            segment.pk,
            *(segment.pk, run.now, how != "remove"),
            *(segment.pk, run.pk, run.now, ChangeCause.LIST.value),
        ],
    )
    return entered, left


def _statement(customers: Customers) -> tuple[str, list[Any]]:
    if isinstance(customers, QuerySet):
        return ids(customers)
    if isinstance(customers, tuple) and customers and isinstance(customers[0], str):
        return customers  # a statement: a tuple of ids begins with a number
    return "SELECT unnest(%s::bigint[])", [list(customers)]
