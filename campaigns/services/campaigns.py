"""What operators do with campaigns: write, start, pause, resume, cancel, approve. Each act is audited."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import content as contents
from campaigns import shop
from campaigns.markup import digest
from campaigns.models import Campaign, CampaignKind, CampaignState, Content, Link, Step
from campaigns.services.plan import Manifest, preview
from config.kit.refusal import Conflict, NotFound, Refusal
from segments.freshness import Look
from segments.models import Segment
from users.models import Channel, Operator, Role, Topic
from users.services import audit
from users.services.jobs import nudge

# A start whose audience grew by more than this since the approval needs a new one.
APPROVED_GROWTH = 0.02
DEFAULT_EXPIRY = timedelta(days=2)
DRAFTED = (CampaignState.DRAFT,)
UNDER_WAY = (CampaignState.SCHEDULED, CampaignState.RUNNING)


@dataclass(frozen=True, slots=True)
class Text:
    """What to say in one language on one channel."""

    subject: str
    body: str
    language: str = "zh-hans"
    channel: str = Channel.EMAIL.value


@dataclass(frozen=True, slots=True)
class Plan:
    """What an operator decides about a campaign. Times: ``starts_at`` UTC, ``send_time`` shop zone."""

    name: str
    kind: str
    segment: Segment
    topic: Topic
    starts_at: datetime | None = None
    every_days: int | None = None
    send_time: time | None = None
    priority: int = 50
    holdout_percent: int = 10
    window_days: int = 7
    expires_after: timedelta = DEFAULT_EXPIRY

    def as_json(self) -> dict[str, Any]:
        """For the audit trail."""
        return {
            "name": self.name,
            "kind": self.kind,
            "segment": self.segment.pk,
            "topic": self.topic.slug,
            "starts_at": self.starts_at.isoformat() if self.starts_at else None,
            "every_days": self.every_days,
            "holdout_percent": self.holdout_percent,
        }


def create_campaign(plan: Plan, texts: Iterable[Text], *, by: Operator | None, now: datetime) -> Campaign:
    """A draft with one step that sends. Raises Refusal."""
    _check_plan(plan)
    with transaction.atomic():
        if Campaign.objects.filter(name=plan.name).exists():
            raise Refusal("name_taken", _("There is a campaign of this name already."), field="name")
        campaign = Campaign(salt=secrets.token_hex(8), created_at=now, created_by=by)
        _apply(campaign, plan)
        Step.objects.create(campaign=campaign, channels=[Channel.EMAIL.value])
        _write_texts(campaign, texts)
        audit.record("campaign.create", by=by, target=campaign, after=plan.as_json())
    return campaign


def edit_campaign(campaign_id: int, plan: Plan, texts: Iterable[Text], *, by: Operator | None) -> Campaign:
    """Change a draft; an approval of its earlier form is void. Raises Refusal."""
    _check_plan(plan)
    with transaction.atomic():
        campaign = locked(campaign_id)
        _demand(campaign, DRAFTED, _("Only a draft can be changed."))
        before = {"name": campaign.name, "segment": campaign.segment_id}
        campaign.approved_by, campaign.approved_size = None, None
        _apply(campaign, plan)
        _write_texts(campaign, texts)
        audit.record("campaign.edit", by=by, target=campaign, before=before, after=plan.as_json())
    return campaign


def start(campaign_id: int, *, by: Operator | None, now: datetime) -> Manifest:
    """Let a draft run: at once, or at its time. The manifest it was started on. Raises Refusal."""
    with transaction.atomic():
        campaign = locked(campaign_id)
        _demand(campaign, DRAFTED, _("This campaign was started before."))
        first = campaign.starts_at or now
        _check_start(campaign, first, now)
        manifest = preview(campaign, now)
        if needs_approval(campaign, manifest):
            raise Conflict(
                "needs_approval",
                _("A second operator must approve: it sends to more than {size} customers.").format(
                    size=shop.approval_over.get()
                ),
            )
        campaign.state = CampaignState.SCHEDULED
        campaign.next_slot_at = first
        campaign.save(update_fields=["state", "next_slot_at"])
        audit.record("campaign.start", by=by, target=campaign, after=manifest.as_json())
        nudge("campaigns.start_due")
    return manifest


def needs_approval(campaign: Campaign, manifest: Manifest) -> bool:
    """Whether a second operator must still agree to an audience of this size."""
    if manifest.will_receive <= shop.approval_over.get():
        return False
    if campaign.approved_by_id is None or campaign.approved_size is None:
        return True
    return abs(manifest.will_receive - campaign.approved_size) > APPROVED_GROWTH * campaign.approved_size


def approve(campaign_id: int, *, by: Operator, now: datetime) -> Manifest:
    """Agree to the audience as it is now. Raises Refusal for its creator and for those who may not."""
    if by.role not in (Role.APPROVER, Role.OWNER):
        raise Refusal("not_an_approver", _("Your role may not approve campaigns."), status=403)
    with transaction.atomic():
        campaign = locked(campaign_id)
        _demand(campaign, DRAFTED, _("Only a draft can be approved."))
        if campaign.created_by_id == by.pk:
            raise Refusal(
                "own_campaign", _("Somebody else than its author must approve a campaign."), status=403
            )
        manifest = preview(campaign, now)
        campaign.approved_by, campaign.approved_size = by, manifest.will_receive
        campaign.save(update_fields=["approved_by", "approved_size"])
        audit.record("campaign.approve", by=by, target=campaign, after=manifest.as_json())
    return manifest


def pause(campaign_id: int, *, by: Operator | None) -> None:
    """Nothing more is claimed; what a provider has been offered is recorded. Raises Refusal."""
    _move(campaign_id, UNDER_WAY, CampaignState.PAUSED, "campaign.pause", by, _("It is not running."))


def resume(campaign_id: int, *, by: Operator | None) -> None:
    """Go on where it was paused. Raises Refusal."""
    with transaction.atomic():
        campaign = locked(campaign_id)
        state = CampaignState.RUNNING if campaign.runs.exists() else CampaignState.SCHEDULED
        _move(campaign_id, (CampaignState.PAUSED,), state, "campaign.resume", by, _("It is not paused."))
        nudge("campaigns.dispatch")


def cancel(campaign_id: int, *, by: Operator | None) -> None:
    """Stop for good: what is queued is skipped as cancelled. Raises Refusal."""
    _move(
        campaign_id,
        (*DRAFTED, *UNDER_WAY, CampaignState.PAUSED),
        CampaignState.CANCELLED,
        "campaign.cancel",
        by,
        _("It is over already."),
    )
    nudge("campaigns.finish_runs")


def locked(campaign_id: int) -> Campaign:
    """The campaign under a row lock, in the caller's transaction. Raises NotFound."""
    campaign = (
        Campaign.objects.select_for_update(of=("self",))
        .select_related("topic")
        .filter(pk=campaign_id)
        .first()
    )
    if campaign is None or campaign.kind == CampaignKind.SERVICE:
        raise NotFound
    return campaign


def _move(
    campaign_id: int,
    allowed: tuple[CampaignState, ...],
    to: CampaignState,
    act: str,
    by: Operator | None,
    refusal: str,
) -> None:
    with transaction.atomic():
        campaign = locked(campaign_id)
        _demand(campaign, allowed, refusal)
        before, campaign.state = campaign.state, to
        campaign.save(update_fields=["state"])
        audit.record(act, by=by, target=campaign, before={"state": before}, after={"state": to.value})


def _demand(campaign: Campaign, states: tuple[CampaignState, ...], message: str) -> None:
    if campaign.state not in states:
        raise Conflict("wrong_state", message)


def _apply(campaign: Campaign, plan: Plan) -> None:
    for name in (
        "name", "kind", "segment", "topic", "starts_at", "every_days", "send_time", "priority",
        "holdout_percent", "window_days", "expires_after",
    ):  # fmt: skip
        setattr(campaign, name, getattr(plan, name))
    campaign.save()


def _check_plan(plan: Plan) -> None:
    if plan.kind not in (CampaignKind.ONE_OFF, CampaignKind.RECURRING):
        raise Refusal("unknown_kind", _("There is no such kind of campaign."), field="kind")
    if plan.topic.is_service:
        message = _("A service topic carries no campaigns: nobody can refuse it.")
        raise Refusal("service_topic", message, field="topic")
    if plan.kind == CampaignKind.RECURRING and not (plan.every_days and plan.send_time and plan.starts_at):
        message = _("A recurring campaign needs a first day, a time and a number of days between.")
        raise Refusal("no_schedule", message, field="every_days")
    if plan.expires_after <= timedelta():
        raise Refusal("no_expiry", _("Say after how long a message is no longer worth sending."),
                      field="expires_after")  # fmt: skip


def _check_start(campaign: Campaign, first: datetime, now: datetime) -> None:
    if not Content.objects.filter(step__campaign=campaign).exists():
        raise Refusal("no_content", _("Write what it says first."), field="body")
    if campaign.kind == CampaignKind.ONE_OFF and first + campaign.expires_after <= now:
        raise Refusal("past", _("The time for this campaign has passed."), field="starts_at")
    check_segment(campaign, now)


def check_segment(campaign: Campaign, now: datetime) -> None:
    """Raises Refusal when the segment is not up to date."""
    segment = campaign.segment
    condition = None if segment is None else Look(now).condition(segment)
    if condition is None or condition.state != "fresh":
        message = _("The segment is not up to date. Wait until it has been computed.")
        why = condition.sentence if condition else ""
        raise Refusal("stale_segment", f"{message} {why}".strip(), field="segment")


def _write_texts(campaign: Campaign, texts: Iterable[Text]) -> None:
    step = campaign.steps.get()
    step.contents.all().delete()
    for text in texts:
        form = contents.check(text.subject, text.body, text.language)
        Content.objects.create(
            step=step, channel=text.channel, language=text.language, subject=text.subject, body=text.body
        )
        keep_links(step, form.links)


def keep_links(step: Step, urls: Iterable[str]) -> None:
    """Store the targets that click links of this step may lead to; one that was sent is never removed."""
    for url in urls:
        Link.objects.get_or_create(step=step, digest=digest(url), defaults={"url": url})
