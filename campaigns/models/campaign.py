"""Campaigns: a plan to speak to a segment, its steps and what they say."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from users.models import Channel


class CampaignKind(models.TextChoices):
    ONE_OFF = "one_off", _("One-off")
    RECURRING = "recurring", _("Recurring")
    SERVICE = "service", _("Service messages")


class CampaignState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")


class Campaign(models.Model):
    """One plan to speak. A one-off has one run; a recurring one a run per slot.

    ``starts_at`` is the first (or only) slot. ``every_days`` and ``send_time`` (shop zone) make the slots
    of a recurring campaign. ``expires_after``: a message not sent by then is never sent. ``window_days``:
    the fixed window after assignment in which conversions count. ``salt`` makes the hold-out sticky.
    ``approved_size`` is the audience a second operator agreed to. A campaign of service messages is built
    in, has no segment, and its name is the kind of message.
    """

    name = models.CharField(_("name"), max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=CampaignKind.choices)
    state = models.CharField(
        _("state"), max_length=10, choices=CampaignState.choices, default=CampaignState.DRAFT
    )
    segment = models.ForeignKey(
        "segments.Segment",
        verbose_name=_("segment"),
        null=True,
        on_delete=models.PROTECT,
        related_name="campaigns",
    )
    topic = models.ForeignKey(
        "users.Topic", verbose_name=_("topic"), on_delete=models.PROTECT, related_name="campaigns"
    )
    priority = models.SmallIntegerField(_("priority"), default=50)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    every_days = models.PositiveSmallIntegerField(_("every (days)"), null=True, blank=True)
    send_time = models.TimeField(_("at (shop time)"), null=True, blank=True)
    next_slot_at = models.DateTimeField(null=True, blank=True)
    expires_after = models.DurationField(_("give up after"))
    holdout_percent = models.PositiveSmallIntegerField(
        _("held out (%)"), default=10, validators=[MaxValueValidator(90)]
    )
    window_days = models.PositiveSmallIntegerField(_("counted for (days)"), default=7)
    goal_event = models.CharField(_("goal"), max_length=200, default="order_paid")
    salt = models.CharField(max_length=32)
    approved_size = models.IntegerField(null=True)
    approved_by = models.ForeignKey(
        "users.Operator", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("created"))
    created_by = models.ForeignKey(
        "users.Operator", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        indexes = [models.Index(fields=["next_slot_at"], name="campaign_next_slot")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_service(self) -> bool:
        """Whether its messages need no consent and know no hold-out, caps or quiet hours."""
        return self.topic.is_service


class Step(models.Model):
    """A step of a campaign; a one-off or recurring campaign has exactly one, which sends.

    ``channels`` in order of preference: the next is tried when the one before is refused or unreachable.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(default=1)
    channels = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "position"], name="step_position_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id}.{self.position}"


class Content(models.Model):
    """What a step says on one channel in one language, as Liquid. ``subject`` is for e-mail."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="contents")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    language = models.CharField(max_length=10, default="zh-hans")
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["step", "channel", "language"], name="content_once")]

    def __str__(self) -> str:
        return self.subject or f"{self.channel} {self.language}"


class Link(models.Model):
    """A link in a content: a click token names this row, so clicks lead only to stored targets."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="links")
    url = models.TextField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["step", "digest"], name="link_once")]

    def __str__(self) -> str:
        return self.url
