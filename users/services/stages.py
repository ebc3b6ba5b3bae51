"""Stages of many customers at once: derive the moves, put them on record, say where everybody stands.

The customers to look at are rows of the temporary table ``stage_scope``, what is known of their activity
rows of ``stage_span``; both go with the transaction. Usually only the current run of activity can have
changed (``since`` = its start), and two or three spans say all there is; otherwise (``since`` null) the
customer-days do. Moves are brought up to ``until``: now, or the last move on record where another worker
with a later now was here first. The customers' Standing rows must be locked before anything is read.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.batches import execute, fetch, temporary_table
from config.kit.locks import Lock, lock_for_transaction
from config.kit.refusal import Refusal
from users import facts, shop
from users.lifecycle import Thresholds
from users.models import LifecycleRule, LongJob, MoveCause, Operator, Standing
from users.services import audit, news
from users.services.events import NewEvent, record_many
from users.services.long_jobs import Chunk, runs, start
from users.services.sql import statement

CHUNK = 5_000
RECOMPUTE = "users.recompute_stages"


def move_stages(now: datetime) -> int:
    """Move everybody whom time alone moves up to ``now``; the number of moves noticed.

    Reads the slice of the index of next moves that has passed, never all customers. Customers that another
    transaction holds are left to it or to the next call.
    """
    noticed = 0
    while True:
        with transaction.atomic():
            due = _claim_due(now)
            if not due:
                return noticed
            begin()
            _scope(due, now)
            add_known_spans()
            noticed += settle(now)


def begin() -> None:
    """Empty tables for one round; the caller fills scope and spans and then settles."""
    temporary_table(
        "stage_scope",
        "customer_id bigint PRIMARY KEY, since timestamptz, until timestamptz, from_first_run boolean NOT NULL,"
        " quiet boolean NOT NULL DEFAULT false, new_days integer NOT NULL DEFAULT 0",
    )
    temporary_table("stage_span", "customer_id bigint, first_at timestamptz, last_at timestamptz")
    temporary_table(
        "stage_moment",
        "customer_id bigint, at timestamptz, from_stage varchar(10), to_stage varchar(10), cause varchar(10),"
        " run_began timestamptz",
    )


def lock(customer_ids: Iterable[int]) -> list[int]:
    """Lock the Standing rows in id order and hold them to the end of the transaction; those that exist.

    What is read in statements after this one is as the last holder left it.
    """
    ids = list(customer_ids)
    if not ids:
        return []
    rows = fetch(
        "SELECT customer_id FROM users_standing WHERE customer_id = ANY(%s) ORDER BY customer_id FOR NO KEY UPDATE",
        [ids],
    )
    return [customer_id for (customer_id,) in rows]


def add_known_spans() -> None:
    """Spans of what the database knows: the current run, or all customer-days where more can have changed."""
    execute(
        """
        INSERT INTO stage_span (customer_id, first_at, last_at)
        SELECT customer_id, run_started_at, last_activity_at
        FROM stage_scope JOIN users_standing USING (customer_id)
        WHERE since IS NOT NULL
        UNION ALL
        SELECT customer_id, first_at, last_at
        FROM stage_scope JOIN users_customerday USING (customer_id)
        WHERE since IS NULL
        """
    )


def settle(now: datetime, *, cause: MoveCause | None = None) -> int:
    """Bring moves and standing of the scope to what follows from its spans; the number of moves noticed.

    ``cause`` replaces the moves' own cause and makes them start nothing (new thresholds).
    """
    rule = rule_in_force()
    thresholds = thresholds_of(rule)
    with_now = {
        "now": now,
        "new_for": thresholds.new_for,
        "dormant_after": thresholds.dormant_after,
        "churned_after": thresholds.churned_after,
        "returning_for": thresholds.returning_for,
        "version": rule.version,
        "cause": cause.value if cause else None,
        "may_start": not rule.proposed,
        "oldest_trigger": now - timedelta(hours=shop.trigger_max_age_hours.get()),
    }
    execute("ANALYZE stage_scope, stage_span")
    execute(statement("derive_moves"), with_now)
    execute("ANALYZE stage_moment (customer_id, at)")
    execute(statement("supersede_moves"), with_now)
    noticed = fetch(statement("notice_moves"), with_now)
    news.note_moved({move[0] for move in noticed})
    execute(statement("update_standing"), with_now)
    record_many((_fact(*move[:4]) for move in noticed if move[4]), now=now)
    return len(noticed)


def recompute(
    customer_ids: Iterable[int], now: datetime, *, cause: MoveCause | None = None, quiet: bool = True
) -> int:
    """Evaluate customers from scratch over all their days; moves noticed. ``quiet``: they start nothing."""
    locked = lock(customer_ids)
    begin()
    execute(
        """
        INSERT INTO stage_scope (customer_id, since, until, from_first_run, quiet, new_days)
        SELECT customer_id, NULL, greatest(%s, stage_at), true, %s,
               (SELECT count(*) FROM users_customerday day WHERE day.customer_id = standing.customer_id)
               - active_days
        FROM users_standing standing
        WHERE customer_id = ANY(%s)
        """,
        [now, quiet, locked],
    )
    add_known_spans()
    return settle(now, cause=cause)


def rule_in_force() -> LifecycleRule:
    """The newest accepted thresholds. Read under the customers' locks, where a recomputation would wait."""
    return LifecycleRule.objects.filter(accepted_at__isnull=False).latest("version")


def thresholds_of(rule: LifecycleRule) -> Thresholds:
    """A stored rule as the machine's thresholds."""
    return Thresholds(
        new_for=timedelta(days=rule.new_for),
        dormant_after=timedelta(days=rule.dormant_after),
        churned_after=timedelta(days=rule.churned_after),
        returning_for=timedelta(days=rule.returning_for),
    )


def days_of(rule: LifecycleRule) -> dict[str, int]:
    """A stored rule's thresholds in days, by name."""
    return {
        "new_for": rule.new_for,
        "dormant_after": rule.dormant_after,
        "churned_after": rule.churned_after,
        "returning_for": rule.returning_for,
    }


def in_order(*, new_for: int, dormant_after: int, churned_after: int, returning_for: int) -> dict[str, int]:
    """Thresholds (days) by name. Raises Refusal unless they can hold together."""
    fit = 1 <= new_for <= dormant_after < churned_after and dormant_after >= 2 and returning_for >= 1
    if not fit:
        raise Refusal(
            "thresholds_out_of_order",
            _("New must not last longer than dormant takes to begin, and churned must begin after dormant."),
        )
    return {
        "new_for": new_for,
        "dormant_after": dormant_after,
        "churned_after": churned_after,
        "returning_for": returning_for,
    }


@transaction.atomic
def accept_rule(
    *, new_for: int, dormant_after: int, churned_after: int, returning_for: int, by: Operator | None
) -> LongJob:
    """Put new thresholds (days) in force; the long job that recomputes everybody, starting nothing.

    Raises Refusal unless 1 ≤ new_for ≤ dormant_after < churned_after, dormant_after ≥ 2, returning_for ≥ 1.
    """
    days = in_order(
        new_for=new_for,
        dormant_after=dormant_after,
        churned_after=churned_after,
        returning_for=returning_for,
    )
    lock_for_transaction(Lock.LIFECYCLE_RULE)
    before = rule_in_force()
    rule = LifecycleRule.objects.create(**days, accepted_at=clock.now(), accepted_by=by)
    audit.record("lifecycle.accept", by=by, target=rule, before=days_of(before), after=days_of(rule))
    return start(RECOMPUTE, title=lambda: _("Recompute all stages"), by=by)


@runs(RECOMPUTE)
def recompute_chunk(job: LongJob, now: datetime) -> Chunk:
    """The next few thousand customers by id, under the thresholds in force now."""
    after = job.parameters.get("after", 0)
    ids = list(Standing.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:CHUNK])
    if not ids:
        return Chunk(finished=True)
    recompute(ids, now, cause=MoveCause.RULE)
    return Chunk(done=len(ids), parameters={"after": ids[-1]})


def _claim_due(now: datetime) -> list[int]:
    rows = fetch(
        """
        SELECT customer_id FROM users_standing
        WHERE next_move_at <= %s
        ORDER BY next_move_at LIMIT %s
        FOR NO KEY UPDATE SKIP LOCKED
        """,
        [now, CHUNK],
    )
    return [customer_id for (customer_id,) in rows]


def _scope(customer_ids: list[int], now: datetime) -> None:
    """Look at the current run only, unless that run is still to come (clocks may be 5 minutes ahead)."""
    execute(
        """
        INSERT INTO stage_scope (customer_id, since, until, from_first_run)
        SELECT customer_id, part.since, greatest(%s, stage_at), part.since IS NULL OR part.since = first_activity_at
        FROM users_standing
        CROSS JOIN LATERAL (
            SELECT CASE WHEN next_move_at > run_started_at THEN run_started_at END AS since
        ) AS part
        WHERE customer_id = ANY(%s)
        """,
        [now, customer_ids],
    )


def stage_key(at: datetime, stage: str) -> str:
    """The message ID of the event that tells of a move into ``stage``."""
    return f"stage:{at.isoformat()}:{stage}"


def _fact(customer_id: int, at: datetime, from_stage: str, to_stage: str) -> NewEvent:
    return NewEvent(
        customer_id=customer_id,
        name=facts.STAGE_CHANGED,
        key=stage_key(at, to_stage),
        occurred_at=at,
        properties={"from": from_stage, "to": to_stage, "at": at},
    )
