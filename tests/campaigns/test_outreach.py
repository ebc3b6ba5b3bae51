"""Who was written to is lent to the report on natural returns: watching stops at the first campaign message."""

from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.models import Campaign, CampaignKind, CampaignRun, Delivery, DeliveryState, Step
from tests.clock import move_to
from tests.users.door import customer, send, visit
from users.models import Stage, Topic
from users.reports import flows
from users.reports.periods import Period

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
FELL = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def step(kind: CampaignKind) -> Step:
    campaign = Campaign.objects.create(
        name=kind,
        kind=kind,
        topic=Topic.objects.get(slug="news"),
        expires_after=DAY,
        salt="x",
        created_at=NOW,
    )
    return Step.objects.create(campaign=campaign)


def written(user: str, at: datetime, of: Step, state: DeliveryState = DeliveryState.SENT) -> None:
    run, _new = CampaignRun.objects.get_or_create(
        campaign=of.campaign, occasion="run", defaults={"planned_at": at, "expires_at": at + DAY}
    )
    Delivery.objects.create(
        customer=customer(user), step=of, occasion=f"{at:%Y%m%d}", run=run, state=state, priority=1,
        due_at=at, settled_at=at,
    )  # fmt: skip


def test_only_campaign_messages_before_the_return_stop_the_watch() -> None:
    move_to(NOW)
    back = FELL + 10 * DAY
    for user in ("quiet", "mailed", "served", "skipped", "late", "before"):
        send(visit(at=FELL - 30 * DAY, user=user), visit(at=back, user=user), is_history=True)
    news, service = step(CampaignKind.ONE_OFF), step(CampaignKind.SERVICE)
    written("mailed", FELL + 3 * DAY, news, DeliveryState.UNKNOWN)
    written("served", FELL + 3 * DAY, service)
    written("skipped", FELL + 3 * DAY, news, DeliveryState.SKIPPED)
    written("late", back + DAY, news)
    written("before", FELL - DAY, news)
    found = flows.returns(MARCH, NOW, Stage.DORMANT)
    assert (found.customers, found.written_to) == (6, 1)
    thirty = found.within[0]
    assert (thirty.days, thirty.back, thirty.of, thirty.unwritten) == (30, 6, 6, 1.0)
