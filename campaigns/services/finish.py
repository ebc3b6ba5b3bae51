"""Closing runs: what waits in cancelled or expired runs is settled, and a run ends when all its rows have."""

from datetime import datetime

from django.db import transaction

from campaigns.models import Batch, Campaign, CampaignKind, CampaignRun, CampaignState, SkipReason
from config.kit.batches import execute, fetch

BATCHES_AT_ONCE = 100


def finish_runs(now: datetime) -> dict[str, int]:
    """Settle what will never be sent, then close the runs in which nothing is open."""
    settled = 0
    for run in _open_runs():
        reason = _hopeless(run, now)
        if reason is not None:
            settled += _settle_waiting(run, reason, now)
    return {"settled": settled, "finished": sum(_finish(run, now) for run in _open_runs())}


def _open_runs() -> list[CampaignRun]:
    return list(
        CampaignRun.objects.filter(state__in=(CampaignRun.State.SENDING, CampaignRun.State.PLANNING))
        .exclude(campaign__kind=CampaignKind.SERVICE)
        .select_related("campaign")
        .order_by("pk")
    )


def _hopeless(run: CampaignRun, now: datetime) -> SkipReason | None:
    if run.campaign.state == CampaignState.CANCELLED:
        return SkipReason.CANCELLED
    if run.expires_at <= now:
        return SkipReason.EXPIRED
    return None


def _settle_waiting(run: CampaignRun, reason: SkipReason, now: datetime) -> int:
    """Skip what waits in batches that nobody holds, some batches per transaction; how many messages.

    The batch rows are locked first, as a claim does, so no dispatcher is half-way through one of them.
    """
    total = 0
    while settled := _settle_some(run, reason, now):
        total += settled
    return total


def _settle_some(run: CampaignRun, reason: SkipReason, now: datetime) -> int:
    with transaction.atomic():
        rows = fetch(
            """
            SELECT id FROM campaigns_batch WHERE run_id = %s AND state = 'waiting'
            ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
            """,
            [run.pk, BATCHES_AT_ONCE],
        )
        batches = [batch_id for (batch_id,) in rows]
        if not batches:
            return 0
        settled = execute(
            """
            WITH settled AS (
                UPDATE campaigns_delivery SET state = 'skipped', reason = %s, settled_at = %s
                WHERE batch_id = ANY(%s) AND state = 'queued'
                RETURNING customer_id
            )
            INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'messages' FROM settled
            """,
            [reason.value, now, batches],
        )
        Batch.objects.filter(pk__in=batches).update(state=Batch.State.DONE)
        return settled


def _settle_orphans(run: CampaignRun, now: datetime) -> None:
    """Nobody holds a batch of the run, so a message still being sent (its customer was joined to another
    just then) has lost its answer."""
    execute(
        """
        WITH lost AS (
            UPDATE campaigns_delivery SET state = 'unknown', settled_at = %s
            WHERE run_id = %s AND state = 'sending'
            RETURNING customer_id
        )
        INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'messages' FROM lost
        """,
        [now, run.pk],
    )


def _finish(run: CampaignRun, now: datetime) -> int:
    """Close the run when every row is settled and all rows together are everybody who matched."""
    if run.state == CampaignRun.State.PLANNING and run.campaign.state != CampaignState.CANCELLED:
        return 0
    if run.batches.filter(state__in=(Batch.State.WAITING, Batch.State.LEASED)).exists():
        return 0
    _settle_orphans(run, now)
    ((open_rows, rows),) = fetch(
        "SELECT count(*) FILTER (WHERE state IN ('queued', 'sending')), count(*)"
        " FROM campaigns_delivery WHERE run_id = %s",
        [run.pk],
    )
    cancelled = run.campaign.state == CampaignState.CANCELLED
    if open_rows or (not cancelled and rows != run.manifest.get("matched")):
        return 0
    state = CampaignRun.State.CANCELLED if cancelled else CampaignRun.State.FINISHED
    with transaction.atomic():
        CampaignRun.objects.filter(pk=run.pk).update(state=state, finished_at=now)
        if run.campaign.kind == CampaignKind.ONE_OFF:
            Campaign.objects.filter(pk=run.campaign_id, state=CampaignState.RUNNING).update(
                state=CampaignState.FINISHED
            )
    return 1
