"""Recording what a channel said, in the same commit as the next window's claim; retries live here alone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.channels.base import Outcome, Result
from campaigns.models import Batch, DeliveryState
from campaigns.services.claim import Claimed, Lease, new_batch
from campaigns.services.deliveries import find_delivery
from campaigns.tokens import Address
from config.kit.batches import execute
from users.models import CustomerAlias

# Waits after a refusal that may pass; after the last one the message has failed.
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
UNTRIED_AGAIN = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Settled:
    """A row to write. ``due_at`` is set where the message is to be tried again."""

    claimed: Claimed
    result: Result
    state: DeliveryState
    due_at: datetime | None = None


def record(lease: Lease, claimed: Sequence[Claimed], results: Sequence[Result], now: datetime) -> None:
    """Settle a window: sent, failed, unknown, or queued again in a new batch.

    A message whose lease died meanwhile may already be called unknown; a sure answer replaces that.
    """
    _follow_joins(lease, claimed)
    settled = [
        settle(one, result, now, lease.batch.run.expires_at)
        for one, result in zip(claimed, results, strict=True)
    ]
    batches = _retry_batches(lease.batch, settled)
    _write(lease, settled, batches, now)


def _follow_joins(lease: Lease, claimed: Sequence[Claimed]) -> None:
    """Customers joined to another while their message was under way: the row stands there now."""
    joined = set(
        CustomerAlias.objects.filter(old_id__in=[one.customer_id for one in claimed]).values_list(
            "old_id", flat=True
        )
    )
    for one in claimed:
        if one.customer_id in joined:
            moved = find_delivery(Address(one.customer_id, lease.step.pk, one.occasion))
            if moved is not None:
                one.customer_id, one.occasion = moved.customer_id, moved.occasion


def settle(one: Claimed, result: Result, now: datetime, expires_at: datetime) -> Settled:
    """What a result means for the delivery."""
    if result.outcome is Outcome.ACCEPTED:
        return Settled(one, result, DeliveryState.SENT)
    if result.outcome is Outcome.LOST:
        return Settled(one, result, DeliveryState.UNKNOWN)
    if result.outcome is Outcome.UNTRIED:
        return _again(one, result, now + UNTRIED_AGAIN, expires_at)
    if result.permanent or one.number > len(RETRY_AFTER):
        return Settled(one, result, DeliveryState.FAILED)
    return _again(one, result, now + RETRY_AFTER[one.number - 1], expires_at)


def _again(one: Claimed, result: Result, due_at: datetime, expires_at: datetime) -> Settled:
    if due_at >= expires_at:
        return Settled(one, result, DeliveryState.FAILED)
    return Settled(one, result, DeliveryState.QUEUED, due_at)


def _retry_batches(batch: Batch, settled: Iterable[Settled]) -> dict[datetime, int]:
    """A new batch for each instant at which some are tried again."""
    sizes: dict[datetime, int] = defaultdict(int)
    for row in settled:
        if row.due_at is not None:
            sizes[row.due_at] += 1
    return {due_at: new_batch(batch, due_at, size).pk for due_at, size in sizes.items()}


def _write(lease: Lease, settled: Sequence[Settled], batches: dict[datetime, int], now: datetime) -> None:
    execute(
        """
        WITH r AS (
            SELECT * FROM unnest(%(ids)s::bigint[], %(occasions)s::text[], %(numbers)s::int[], %(states)s::text[],
                                 %(providers)s::text[], %(errors)s::text[], %(permanent)s::bool[],
                                 %(dues)s::timestamptz[], %(batches)s::bigint[], %(untried)s::int[])
                          AS r(customer_id, occasion, number, state, provider_id, error, permanent, due_at,
                               batch_id, untried)
        ), tried AS (
            UPDATE campaigns_attempt a SET
                state = CASE WHEN r.state = 'queued' THEN 'failed' ELSE r.state END,
                provider_id = r.provider_id, error = r.error, permanent = r.permanent, finished_at = %(now)s
            FROM r WHERE a.customer_id = r.customer_id AND a.step_id = %(step)s AND a.occasion = r.occasion
                     AND a.number = r.number AND r.untried = 0
        ), never_tried AS (
            DELETE FROM campaigns_attempt a USING r
            WHERE a.customer_id = r.customer_id AND a.step_id = %(step)s AND a.occasion = r.occasion
              AND a.number = r.number AND r.untried = 1
        ), done AS (
            UPDATE campaigns_delivery d SET
                state = r.state, attempts = d.attempts - r.untried,
                settled_at = CASE WHEN r.state <> 'queued' THEN %(now)s END,
                due_at = coalesce(r.due_at, d.due_at), batch_id = coalesce(r.batch_id, d.batch_id)
            FROM r WHERE d.customer_id = r.customer_id AND d.step_id = %(step)s AND d.occasion = r.occasion
                     AND d.state IN ('sending', 'unknown') AND d.attempts = r.number
            RETURNING d.customer_id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'messages' FROM done
        """,
        {
            "ids": [row.claimed.customer_id for row in settled],
            "occasions": [row.claimed.occasion for row in settled],
            "numbers": [row.claimed.number for row in settled],
            "states": [row.state.value for row in settled],
            "providers": [row.result.provider_id for row in settled],
            "errors": [row.result.error for row in settled],
            "permanent": [row.result.permanent for row in settled],
            "dues": [row.due_at for row in settled],
            "batches": [batches.get(row.due_at) if row.due_at else None for row in settled],
            "untried": [int(row.result.outcome is Outcome.UNTRIED) for row in settled],
            "step": lease.step.pk,
            "now": now,
        },
    )
