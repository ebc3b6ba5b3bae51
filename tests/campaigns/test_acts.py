"""What operators may do with campaigns and what is refused; slots of recurring ones."""

from datetime import UTC, datetime, time, timedelta

import pytest

from campaigns import shop
from campaigns.models import Campaign, CampaignKind, CampaignRun, CampaignState
from campaigns.services import campaigns
from campaigns.services.campaigns import Plan, Text, create_campaign
from campaigns.services.start import start_due
from config.kit import clock
from config.kit.refusal import Refusal
from segments.models import Segment, SegmentState
from tests.campaigns.audience import LETTER, customers, draft, segment_of
from users.models import AuditEntry, Operator, Role, Topic

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ann() -> Operator:
    return Operator.objects.create(username="ann", role=Role.OPERATOR)


@pytest.fixture
def amy() -> Operator:
    return Operator.objects.create(username="amy", role=Role.APPROVER)


def code_of(act: object, *args: object, **values: object) -> str:
    with pytest.raises(Refusal) as refusal:
        act(*args, **values)  # type: ignore[operator]
    return refusal.value.code


def test_a_campaign_is_started_once(ann: Operator) -> None:
    campaign = draft(segment_of(customers(2)), by=ann)
    campaigns.start(campaign.pk, by=ann, now=clock.now())
    assert code_of(campaigns.start, campaign.pk, by=ann, now=clock.now()) == "wrong_state"
    start_due(clock.now())
    start_due(clock.now())
    assert CampaignRun.objects.count() == 1
    acts = AuditEntry.objects.order_by("pk").values_list("act", "actor")
    assert list(acts) == [("campaign.create", "ann"), ("campaign.start", "ann")]


def test_what_cannot_start_is_refused() -> None:
    segment = segment_of(customers(1))
    past = draft(segment, "Past", starts_at=clock.now() - timedelta(days=3))
    assert code_of(campaigns.start, past.pk, by=None, now=clock.now()) == "past"
    mute = draft(segment, "Mute")
    mute.steps.get().contents.all().delete()
    assert code_of(campaigns.start, mute.pk, by=None, now=clock.now()) == "no_content"
    stale = draft(segment, "Stale")
    segment.state = SegmentState.NEEDS_REBUILD
    segment.save()
    assert code_of(campaigns.start, stale.pk, by=None, now=clock.now()) == "stale_segment"
    assert Campaign.objects.exclude(state=CampaignState.DRAFT).count() == 0


def test_what_cannot_be_written_is_refused() -> None:
    segment = segment_of(customers(1))
    news = Topic.objects.get(slug="news")
    now = clock.now()
    one_off = Plan(name="A", kind="one_off", segment=segment, topic=news)

    def plan(**changes: object) -> Plan:
        return Plan(**({"name": "A", "kind": "one_off", "segment": segment, "topic": news} | changes))  # type: ignore[arg-type]

    service = Topic.objects.get(slug="service")
    assert code_of(create_campaign, plan(topic=service), [LETTER], by=None, now=now) == "service_topic"
    assert code_of(create_campaign, plan(kind="recurring"), [LETTER], by=None, now=now) == "no_schedule"
    assert code_of(create_campaign, plan(kind="service"), [LETTER], by=None, now=now) == "unknown_kind"
    assert (
        code_of(create_campaign, plan(expires_after=timedelta()), [LETTER], by=None, now=now) == "no_expiry"
    )
    bomb = Text("s", "{% for i in (1..9999999) %}{{ i }}{% endfor %}")
    assert code_of(create_campaign, one_off, [bomb], by=None, now=now) == "template_too_big"
    create_campaign(one_off, [LETTER], by=None, now=now)
    assert code_of(create_campaign, one_off, [LETTER], by=None, now=now) == "name_taken"
    assert Campaign.objects.count() == 1


def test_a_large_campaign_needs_somebody_else_and_again_when_it_grew(ann: Operator, amy: Operator) -> None:
    shop.approval_over.set(3)
    segment = segment_of(customers(5))
    campaign = draft(segment, by=ann)
    assert code_of(campaigns.start, campaign.pk, by=ann, now=clock.now()) == "needs_approval"
    assert code_of(campaigns.approve, campaign.pk, by=ann, now=clock.now()) == "not_an_approver"
    ann.role = Role.OWNER
    assert code_of(campaigns.approve, campaign.pk, by=ann, now=clock.now()) == "own_campaign"
    campaigns.approve(campaign.pk, by=amy, now=clock.now())
    Campaign.objects.update(approved_size=4)
    assert code_of(campaigns.start, campaign.pk, by=ann, now=clock.now()) == "needs_approval"
    campaigns.approve(campaign.pk, by=amy, now=clock.now())
    assert campaigns.start(campaign.pk, by=ann, now=clock.now()).will_receive == 5


def test_an_edit_voids_the_approval(ann: Operator, amy: Operator) -> None:
    campaign = draft(segment_of(customers(1)), by=ann)
    campaigns.approve(campaign.pk, by=amy, now=clock.now())
    assert campaign.segment is not None
    plan = Plan(name="New", kind="one_off", segment=campaign.segment, topic=campaign.topic)
    campaigns.edit_campaign(campaign.pk, plan, [LETTER], by=ann)
    campaign.refresh_from_db()
    assert (campaign.name, campaign.approved_by, campaign.approved_size) == ("New", None, None)


def test_states_allow_what_they_allow(ann: Operator) -> None:
    campaign = draft(segment_of(customers(1)), by=ann)
    assert code_of(campaigns.pause, campaign.pk, by=ann) == "wrong_state"
    assert code_of(campaigns.resume, campaign.pk, by=ann) == "wrong_state"
    campaigns.cancel(campaign.pk, by=ann)
    assert code_of(campaigns.cancel, campaign.pk, by=ann) == "wrong_state"
    assert code_of(campaigns.start, campaign.pk, by=ann, now=clock.now()) == "wrong_state"
    assert code_of(campaigns.pause, 987_654, by=ann) == "not_found"


def test_each_slot_runs_once_and_missed_ones_are_written_down() -> None:
    first = datetime(2027, 3, 1, 2, tzinfo=UTC)  # 10:00 in Shanghai
    segment = segment_of(customers(2))
    campaign = draft(
        segment,
        kind=CampaignKind.RECURRING.value,
        starts_at=first,
        every_days=1,
        send_time=time(10),
        expires_after=timedelta(hours=6),
    )
    campaigns.start(campaign.pk, by=None, now=first - timedelta(hours=1))
    assert start_due(first - timedelta(minutes=1))["opened"] == 0
    assert start_due(first)["opened"] == 1
    assert start_due(first + timedelta(minutes=1))["opened"] == 0
    # Nobody looked for two and a half days: of the slots since, the newest is past its time as well.
    assert start_due(first + timedelta(days=2, hours=12))["opened"] == 0
    assert start_due(first + timedelta(days=3, hours=1))["opened"] == 1
    runs = CampaignRun.objects.order_by("occasion").values_list("occasion", "state")
    assert list(runs) == [
        ("2027-03-01T10:00", "sending"),
        ("2027-03-02T10:00", "missed"),
        ("2027-03-03T10:00", "missed"),
        ("2027-03-04T10:00", "sending"),
    ]
    campaign.refresh_from_db()
    assert campaign.next_slot_at == first + timedelta(days=4)


def test_an_opened_run_is_not_planned_while_its_segment_is_stale() -> None:
    """A planner was killed after opening the run; when the next one comes, the segment is out of date."""
    segment = segment_of(customers(1))
    campaign = draft(segment)
    campaigns.start(campaign.pk, by=None, now=clock.now())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("campaigns.services.start.plan_open_runs", lambda *_, **__: 0)
        start_due(clock.now())
    Segment.objects.filter(pk=segment.pk).update(computed_at=clock.now() - timedelta(minutes=3))
    assert start_due(clock.now()) == {"opened": 0, "planned": 0}
    assert CampaignRun.objects.get().state == CampaignRun.State.PLANNING
    Segment.objects.filter(pk=segment.pk).update(computed_at=clock.now())
    assert start_due(clock.now())["planned"] == 1


def test_a_slot_waits_for_a_stale_segment_until_its_time_has_passed() -> None:
    segment = segment_of(customers(1))
    campaign = draft(segment, starts_at=clock.now() + timedelta(hours=1))
    campaigns.start(campaign.pk, by=None, now=clock.now())
    segment.state = SegmentState.FAILED
    segment.save()
    assert start_due(clock.now() + timedelta(hours=2))["opened"] == 0
    assert start_due(clock.now() + timedelta(days=3))["opened"] == 0
    assert CampaignRun.objects.get().state == CampaignRun.State.MISSED
