"""Short ways to run a campaign in a test and to count what came of it."""

from campaigns.models import Campaign, CampaignRun, Delivery
from campaigns.services import campaigns
from campaigns.services.dispatch import dispatch
from campaigns.services.finish import finish_runs
from campaigns.services.start import start_due
from config.kit import clock


def plan(campaign: Campaign) -> CampaignRun:
    """Press start and plan, but send nothing yet."""
    campaigns.start(campaign.pk, by=None, now=clock.now())
    start_due(clock.now())
    return CampaignRun.objects.get(campaign=campaign)


def send(campaign: Campaign) -> CampaignRun:
    """From the press of the button to the closing of the run."""
    run = plan(campaign)
    dispatch()
    finish_runs(clock.now())
    run.refresh_from_db()
    return run


def outcomes(campaign: Campaign | None = None) -> dict[str, int]:
    """How many deliveries ended how: by reason where there is one, else by state."""
    counts: dict[str, int] = {}
    rows = Delivery.objects.filter(step__campaign=campaign) if campaign else Delivery.objects.all()
    for state, reason in rows.values_list("state", "reason"):
        counts[reason or state] = counts.get(reason or state, 0) + 1
    return counts


def outcome_of(customer_id: int, campaign: Campaign) -> str:
    """What became of one customer's message."""
    delivery = Delivery.objects.get(customer_id=customer_id, step__campaign=campaign)
    return delivery.reason or delivery.state
