"""Who has to be looked at again: those touched, those whom time carried over an edge, moved children.

Two temporary tables of the run's transaction: ``taken`` holds what was in the queue, ``affected`` the
customers of the segment in hand, each with the cause that a change of membership will be logged with.
"""

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

from config.kit.batches import execute, fetch, temporary_table
from segments.models import ChangeCause, Segment
from segments.rules.as_of import AsOf
from segments.rules.tree import Rule

Statement = tuple[str, list[Any]]

# Where a customer is affected for several reasons, the first of these is logged: what an operator did to a
# rule must never start anything, and what somebody did explains more than the clock.
CAUSES = [cause.value for cause in (
    ChangeCause.HEAL, ChangeCause.REBUILD, ChangeCause.EDIT, ChangeCause.LIST, ChangeCause.EVENT,
    ChangeCause.HISTORY, ChangeCause.CLOCK,
)]  # fmt: skip


def take_touched() -> int:
    """Move the queue into the table ``taken``; how many customers it named.

    DELETE … RETURNING takes exactly the rows of this snapshot: what is queued meanwhile stays for the next
    run. The queue has no unique rule, so that an insert never meets a row that is being deleted.
    """
    temporary_table("taken", "customer_id bigint, topic text, cause text")
    execute(
        """
        WITH gone AS (DELETE FROM users_touched RETURNING customer_id, topic, is_history)
        INSERT INTO taken
        SELECT customer_id, topic, CASE WHEN bool_and(is_history) THEN %s ELSE %s END
        FROM gone GROUP BY customer_id, topic
        """,
        [ChangeCause.HISTORY.value, ChangeCause.EVENT.value],
    )
    ((customers,),) = fetch("SELECT count(DISTINCT customer_id) FROM taken")
    return int(customers)


def find_affected(segment: Segment, rule: Rule, now: AsOf) -> int:
    """Fill the table ``affected`` for one segment; how many customers have to be looked at."""
    assert segment.computed_at is not None
    parts = [
        _touched(rule),
        *_carried_over(rule, now.at(segment.computed_at), now),
        *_of_children(segment, rule),
    ]
    temporary_table("affected", "customer_id bigint PRIMARY KEY, cause text NOT NULL")
    statement = " UNION ALL ".join(sql for sql, _parameters in parts)
    parameters = [value for _sql, values in parts for value in values]
    return execute(
        f"""
        INSERT INTO affected
        SELECT customer_id, (array_agg(cause ORDER BY array_position(%s::text[], cause)))[1]
        FROM ({statement}) AS found (customer_id, cause) GROUP BY customer_id
        """,
        [CAUSES, *parameters],
    )


def ids(customers: QuerySet[Any]) -> Statement:
    """A query of customer ids as a statement and its parameters."""
    try:
        sql, parameters = customers.order_by().query.sql_with_params()
    except EmptyResultSet:
        return "SELECT NULL::bigint WHERE false", []
    return sql, list(parameters)


def _touched(rule: Rule) -> Statement:
    topics = sorted(topic.value for topic in rule.topics())
    return "SELECT customer_id, cause FROM taken WHERE topic = ANY(%s)", [topics]


def _carried_over(rule: Rule, then: AsOf, now: AsOf) -> list[Statement]:
    found = []
    for customers in rule.crossing(then, now):
        sql, parameters = ids(customers)
        found.append(
            (f"SELECT crossed.*, %s FROM ({sql}) AS crossed", [ChangeCause.CLOCK.value, *parameters])
        )
    return found


def _of_children(segment: Segment, rule: Rule) -> list[Statement]:
    """Customers who came to or left a segment it refers to, in a later run than its own last one."""
    children = sorted(rule.segments())
    if not children:
        return []
    later = (
        "SELECT customer_id, cause FROM segments_membershipchange WHERE segment_id = ANY(%s) AND run_id > %s"
    )
    return [(later, [children, segment.computed_in or 0])]
