"""A campaign to everybody of the benchmark's shop, for the workloads about sending."""

from datetime import timedelta

from campaigns.models import Campaign, CampaignKind, CampaignRun, CampaignState
from campaigns.services.campaigns import Plan, Text, create_campaign
from campaigns.services.plan import plan_chunk
from config.kit import clock
from config.kit.batches import execute
from segments.models import Segment, SegmentState
from users.models import Topic

LETTER = Text(
    "{{ customer.first_name | default: 'Hello' }}, there is news",
    "Hello {{ customer.first_name | default: 'there' }} from {{ customer.city | default: 'far away' }},\n\n"
    "{% if orders.count > 3 %}You are one of our regulars.{% else %}It is good to have you.{% endif %}\n"
    "https://shop.example/new\n\nYours,\n{{ shop.name }}",
    "en",
)


def campaign_to_everybody(name: str, *, most: int | None = None) -> CampaignRun:
    """A run waiting to be planned, whose segment holds all customers (or the first so many)."""
    now = clock.now()
    segment = Segment.objects.create(
        name=name,
        state=SegmentState.LIVE,
        computed_at=now + timedelta(days=1),
        computed_version=1,
        created_at=now,
    )
    execute(
        "INSERT INTO segments_membership (customer_id, segment_id, entered_at)"
        " SELECT id, %s, %s FROM users_customer ORDER BY id LIMIT %s",
        [segment.pk, now, most],
    )
    execute("ANALYZE segments_membership")
    topic = Topic.objects.get(slug="news")
    plan = Plan(name=name, kind=CampaignKind.ONE_OFF, segment=segment, topic=topic)
    campaign = create_campaign(plan, [LETTER], by=None, now=now)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.RUNNING)
    return CampaignRun.objects.create(
        campaign=campaign, occasion="run", planned_at=now, expires_at=now + timedelta(days=2)
    )


def plan_all(run: CampaignRun) -> None:
    """Plan to the last chunk."""
    while not plan_chunk(run):
        pass
