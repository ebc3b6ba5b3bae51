"""Starting what is due: each slot of a campaign becomes one run, which is then planned in chunks."""

import time
from datetime import datetime

from django.db import transaction

from campaigns import timing
from campaigns.models import Campaign, CampaignKind, CampaignRun, CampaignState
from campaigns.services.campaigns import check_segment
from campaigns.services.plan import plan_chunk
from config.kit import clock
from config.kit.refusal import Refusal
from config.kit.zones import shop_zone
from users.services.jobs import nudge


def start_due(now: datetime, *, seconds: float = 20.0) -> dict[str, int]:
    """Open the runs that are due and plan what time allows; a killed planner is carried on by the next call."""
    opened = sum(_open(campaign_id, now) for campaign_id in _due(now))
    planned = plan_open_runs(now, seconds=seconds)
    if planned:
        nudge("campaigns.dispatch")
    return {"opened": opened, "planned": planned}


def plan_open_runs(now: datetime, *, seconds: float) -> int:
    """Plan runs chunk by chunk until all are planned or time is up; how many were finished.

    A run whose segment is not up to date (a planner was killed, and the segment went stale since) waits.
    """
    until = time.monotonic() + seconds
    planned = 0
    waiting = CampaignRun.objects.filter(state=CampaignRun.State.PLANNING).order_by("pk")
    for run in waiting.select_related("campaign__segment"):
        if not _is_reliable(run.campaign):
            continue
        while time.monotonic() < until:
            if plan_chunk(run):
                planned += 1
                break
    return planned


def _is_reliable(campaign: Campaign) -> bool:
    try:
        check_segment(campaign, clock.now())
    except Refusal:
        return False
    return True


def _due(now: datetime) -> list[int]:
    return list(
        Campaign.objects.filter(
            next_slot_at__lte=now, state__in=(CampaignState.SCHEDULED, CampaignState.RUNNING)
        )
        .order_by("-priority", "next_slot_at")
        .values_list("pk", flat=True)
    )


def _open(campaign_id: int, now: datetime) -> int:
    """Open the newest due slot of a campaign and write down those missed before it; how many were opened."""
    with transaction.atomic():
        campaign = (
            Campaign.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("segment", "topic")
            .filter(pk=campaign_id, next_slot_at__lte=now)
            .exclude(state=CampaignState.PAUSED)
            .first()
        )
        if campaign is None or campaign.next_slot_at is None:
            return 0
        slots, following = _slots(campaign, campaign.next_slot_at, now)
        opened = _open_newest(campaign, slots, now)
        if opened is None:
            return 0
        campaign.next_slot_at = following
        campaign.state = CampaignState.RUNNING
        campaign.save(update_fields=["next_slot_at", "state"])
        return opened


def _slots(campaign: Campaign, first: datetime, now: datetime) -> tuple[list[datetime], datetime | None]:
    if campaign.kind == CampaignKind.ONE_OFF or not (campaign.every_days and campaign.send_time):
        return [first], None
    return timing.slots_until(first, campaign.every_days, campaign.send_time, now)


def _open_newest(campaign: Campaign, slots: list[datetime], now: datetime) -> int | None:
    """1 when a run was opened, 0 when all slots were missed, None when the segment is not ready yet."""
    *missed, newest = slots
    if newest + campaign.expires_after <= now:
        missed.append(newest)
    else:
        try:
            check_segment(campaign, now)
        except Refusal:
            return None
        _add_run(campaign, newest, now, CampaignRun.State.PLANNING)
    for slot in missed:
        _add_run(campaign, slot, now, CampaignRun.State.MISSED)
    return 0 if newest in missed else 1


def _add_run(campaign: Campaign, slot: datetime, now: datetime, state: CampaignRun.State) -> None:
    CampaignRun.objects.get_or_create(
        campaign=campaign,
        occasion=occasion_of(campaign, slot),
        defaults={
            "state": state,
            "planned_at": now,
            "expires_at": slot + campaign.expires_after,
            "finished_at": now if state == CampaignRun.State.MISSED else None,
        },
    )


def occasion_of(campaign: Campaign, slot: datetime) -> str:
    """The name of a slot: the run of a one-off, the shop's day and time of a recurring one."""
    if campaign.kind == CampaignKind.ONE_OFF:
        return "run"
    return slot.astimezone(shop_zone()).strftime("%Y-%m-%dT%H:%M")
