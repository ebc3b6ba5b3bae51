"""Who has to be looked at again: those touched, those whom time carried over an edge, moved children.

Two temporary tables of the session, emptied by every commit, so that a run of every other second leaves no
dead rows in the catalogue: ``taken`` holds what was in the queue, ``affected`` the customers to look at, by
segment, each with the cause that a change of membership will be logged with and whether it was a member.

All segments are asked for in a few statements. Segments whose conditions share an edge (the orders that left
"the last 180 days") share its slice: it is read once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from config.kit.batches import execute, fetch, slices
from config.kit.refusal import Refusal
from segments.models import ChangeCause, Segment
from segments.rules.as_of import AsOf
from segments.rules.tree import Rule
from segments.services.snapshot import concerns_the_whole_run

Statement = tuple[str, list[Any]]

# Where a customer is affected for several reasons, the first of these is logged: what an operator did to a
# rule must never start anything, and what somebody did explains more than the clock.
CAUSES = [cause.value for cause in (
    ChangeCause.HEAL, ChangeCause.REBUILD, ChangeCause.EDIT, ChangeCause.LIST, ChangeCause.EVENT,
    ChangeCause.HISTORY, ChangeCause.CLOCK,
)]  # fmt: skip

# Whom a reason concerns: where time can only have made the rule true, whoever is in stays in, and where it can only
# have made it false, nobody comes (rules/edges.py). Bits, so that those of several reasons add up.
MEMBERS, OTHERS = 1, 2
ALL = MEMBERS | OTHERS
TURNED = {True: OTHERS, False: MEMBERS, None: ALL}

# Segments asked for in one statement: planning grows with the number of slices in it.
TOGETHER = 50
# Beyond this many rows the planner is told how many there are; the default guess suits a few.
COUNTED_FROM = 5_000


@dataclass(frozen=True)
class Looked:
    """A live segment, its rule, and the customers of ``affected`` that belong to it."""

    segment: Segment
    rule: Rule


def empty_tables() -> None:
    """Make the tables of this session, once, and empty them."""
    execute(
        """
        CREATE TEMPORARY TABLE IF NOT EXISTS taken (customer_id bigint, topic text, cause text)
        ON COMMIT DELETE ROWS;
        CREATE TEMPORARY TABLE IF NOT EXISTS affected (
            segment_id bigint, customer_id bigint, cause text NOT NULL, was boolean NOT NULL,
            PRIMARY KEY (segment_id, customer_id)
        ) ON COMMIT DELETE ROWS;
        DELETE FROM taken;
        DELETE FROM affected
        """
    )


def take_touched() -> int:
    """Move the queue into the table ``taken``; how many customers it named.

    DELETE … RETURNING takes exactly the rows of this snapshot: what is queued meanwhile stays for the next
    run. The queue has no unique rule, so that an insert never meets a row that is being deleted.
    """
    ((customers,),) = fetch(
        """
        WITH gone AS (DELETE FROM users_touched RETURNING customer_id, topic, is_history),
        kept AS (
            INSERT INTO taken
            SELECT customer_id, topic, CASE WHEN bool_and(is_history) THEN %s ELSE %s END
            FROM gone GROUP BY customer_id, topic
        )
        SELECT count(DISTINCT customer_id) FROM gone
        """,
        [ChangeCause.HISTORY.value, ChangeCause.EVENT.value],
    )
    return int(customers)


def find_affected(segments: Sequence[Looked], now: AsOf, *, touched: bool) -> dict[int, Exception]:
    """Fill ``affected`` for segments that were exact before; those for which it failed, with the reason.

    Children are not asked here: they may change in this very run (``add_children``).
    """
    failed: dict[int, Exception] = {}
    for together in slices(segments, TOGETHER):
        failed |= _find(together, now, touched=touched)
    if failed:
        execute("DELETE FROM affected WHERE segment_id = ANY(%s)", [sorted(failed)])
    _tell_the_planner()
    return failed


def _find(segments: list[Looked], now: AsOf, *, touched: bool) -> dict[int, Exception]:
    """Together, and where that fails one by one, so that a broken rule takes no other with it."""
    try:
        with transaction.atomic():
            _insert(segments, now, touched=touched)
    except (DatabaseError, Refusal) as problem:
        if concerns_the_whole_run(problem):
            raise
        if len(segments) == 1:
            return {segments[0].segment.pk: problem}
        alone = (_find([one], now, touched=touched) for one in segments)
        return {pk: reason for found in alone for pk, reason in found.items()}
    return {}


def _insert(segments: list[Looked], now: AsOf, *, touched: bool) -> None:
    parts = [*_touched(segments)] if touched else []
    parts += _carried_over(segments, now)
    if not parts:
        return
    statement = " UNION ALL ".join(sql for sql, _parameters in parts)
    _put_in(statement, [value for _sql, values in parts for value in values])


# A pair that was found already keeps the first of its causes. The look-up that this takes is half of an insert.
FOUND_BEFORE = """
    ON CONFLICT (segment_id, customer_id) DO UPDATE SET cause = CASE
        WHEN array_position(%s::text[], excluded.cause) < array_position(%s::text[], affected.cause)
        THEN excluded.cause ELSE affected.cause END
"""


def _put_in(statement: str, parameters: Sequence[Any], *, again: bool = False) -> int:
    """Add rows of (segment, customer, cause, whom), several for a pair perhaps; how many pairs are looked at.

    ``again``: some of the pairs may be in it already.

    The memberships of a customer are read once, by the key that begins with the customer and for all segments:
    they lie together, while those of a segment lie apart (fifty pages for each customer, most of them not in
    memory). OFFSET 0 keeps the planner from joining them in another way. Those of a segment are put in together, and
    are so read from a few pages. Of a customer whom one segment looks at only that one is read: what the index does
    not know to be visible to all costs a page of the table each. As rows, the two bounds are of that key alone.
    """
    return execute(
        f"""
        WITH found (segment_id, customer_id, cause, whom) AS MATERIALIZED (
            SELECT segment_id, customer_id, (%s::text[])[min(array_position(%s::text[], cause))], bit_or(whom)
            FROM ({statement}) AS found (segment_id, customer_id, cause, whom) GROUP BY segment_id, customer_id
        ), members AS MATERIALIZED (
            SELECT customer.id AS customer_id, member.segment_id
            FROM (
                SELECT customer_id, min(segment_id), max(segment_id) FROM found GROUP BY customer_id
            ) AS customer (id, first, last) CROSS JOIN LATERAL (
                SELECT segment_id FROM segments_membership
                WHERE customer_id = customer.id AND (customer_id, segment_id) >= (customer.id, customer.first)
                  AND (customer_id, segment_id) <= (customer.id, customer.last) OFFSET 0
            ) AS member
        )
        INSERT INTO affected (segment_id, customer_id, cause, was)
        SELECT segment_id, customer_id, cause, members.segment_id IS NOT NULL
        FROM found LEFT JOIN members USING (segment_id, customer_id)
        WHERE whom & CASE WHEN members.segment_id IS NULL THEN {OTHERS} ELSE {MEMBERS} END > 0
        ORDER BY segment_id, customer_id
        {FOUND_BEFORE if again else ""}
        """,
        [CAUSES, CAUSES, *parameters, *([CAUSES, CAUSES] if again else [])],
    )


def _touched(segments: list[Looked]) -> Iterator[Statement]:
    reads = [(one.segment.pk, topic.value) for one in segments for topic in sorted(one.rule.topics())]
    if reads:
        sql = f"""
            SELECT reads.segment_id, taken.customer_id, taken.cause, {ALL} FROM taken
            JOIN unnest(%s::bigint[], %s::text[]) AS reads (segment_id, topic) USING (topic)
        """
        yield (
            sql,
            [[pk for pk, _topic in reads], [topic for _pk, topic in reads]],
        )


def _carried_over(segments: list[Looked], now: AsOf) -> Iterator[Statement]:
    """Each slice once, for all the segments over whose edge it went."""
    shared: dict[str, tuple[Statement, set[tuple[int, int]]]] = {}
    for one in segments:
        assert one.segment.computed_at is not None
        for edge in one.rule.crossing(now.at(one.segment.computed_at), now):
            found = ids(edge.customers)
            shared.setdefault(repr(found), (found, set()))[1].add((one.segment.pk, TURNED[edge.turned]))
    for (sql, parameters), crossed in shared.values():
        yield (
            f"""
            SELECT edge.segment_id, crossed.*, %s, edge.whom
            FROM unnest(%s::bigint[], %s::integer[]) AS edge (segment_id, whom), ({sql}) AS crossed
            """,
            [ChangeCause.CLOCK.value, *map(list, zip(*sorted(crossed), strict=True)), *parameters],
        )


def add_children(segment: Segment, rule: Rule) -> int:
    """Add customers who came to or left a segment it refers to, in a later run than its own last one."""
    return _put_in(
        f"""
        SELECT %s, customer_id, cause, {ALL} FROM segments_membershipchange
        WHERE segment_id = ANY(%s) AND run_id > %s
        """,
        [segment.pk, sorted(rule.segments()), segment.computed_in or 0],
        again=True,
    )


def affected_by_segment() -> dict[int, int]:
    """How many customers have to be looked at, by segment; those with none are not in it."""
    return dict(fetch("SELECT segment_id, count(*) FROM affected GROUP BY segment_id"))


def ids(customers: QuerySet[Any]) -> Statement:
    """A query of customer ids as a statement and its parameters."""
    try:
        sql, parameters = customers.order_by().query.sql_with_params()
    except EmptyResultSet:
        return "SELECT NULL::bigint WHERE false", []
    return sql, list(parameters)


def _tell_the_planner() -> None:
    ((many,),) = fetch("SELECT count(*) >= %s FROM affected", [COUNTED_FROM])
    if many:
        execute("ANALYZE affected")
