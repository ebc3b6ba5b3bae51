"""Deliveries: who gets what, decided before any call, and what became of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from users.models import Channel
from users.models.keys import of_customer


class CampaignRun(models.Model):
    """One occasion of a campaign: planned as of ``planned_at``, finished when every delivery is settled.

    ``planned_to`` is the customer id up to which planning has come, so that a killed planner goes on there.
    ``manifest`` is the frozen count: matched, will_receive, and one number per reason to skip.
    """

    class State(models.TextChoices):
        PLANNING = "planning", _("Planning")
        SENDING = "sending", _("Sending")
        FINISHED = "finished", _("Finished")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")
        MISSED = "missed", _("Missed")

    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.CASCADE, related_name="runs")
    occasion = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNING)
    planned_at = models.DateTimeField()
    planned_to = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    manifest = models.JSONField(default=dict)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "occasion"], name="campaignrun_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.occasion}"


class Batch(models.Model):
    """Deliveries of one run, channel and due slot that are claimed together under a lease.

    ``attempt`` counts the leases; a dispatcher that finds another number than its own has lost the batch.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        LEASED = "leased"
        DONE = "done"

    run = models.ForeignKey(CampaignRun, on_delete=models.CASCADE, related_name="batches")
    step = models.ForeignKey("campaigns.Step", on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    lease_until = models.DateTimeField(null=True)
    attempt = models.IntegerField(default=0)
    size = models.IntegerField()
    error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="batch_open", condition=Q(state__in=["waiting", "leased"]))
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.pk} {self.channel}"


class DeliveryState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Answer lost")
    SKIPPED = "skipped", _("Not sent")


COUNTED_STATES = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNKNOWN)


class SkipReason(models.TextChoices):
    """Why somebody who matched did not get the message; each a sentence an operator can read."""

    UNREACHABLE = "unreachable", _("No usable address on the channels of this message")
    NO_CONSENT = "no_consent", _("Has not agreed to this topic on this channel")
    HELD_OUT = "held_out", _("Held out, to measure the effect")
    CAPPED = "capped", _("Already had as many messages as the cap allows")
    OUTRANKED = "outranked", _("A campaign of higher priority took the place")
    EXPIRED = "expired", _("The time for this message had passed")
    CANCELLED = "cancelled", _("The campaign was cancelled")
    NO_LONGER_MATCHES = "no_longer_matches", _("No longer in the segment")
    OPEN_COMPLAINT = "open_complaint", _("Has an open complaint")
    ERASED = "erased", _("The customer's data was erased")
    NO_CONTENT = "no_content", _("The text could not be made for this customer")


class Delivery(models.Model):
    """The decision: one row per (customer, step, occasion) for everybody who matched.

    queued → sending → sent | failed | unknown; queued → skipped(reason). ``contact`` is the address
    chosen at plan, checked again at claim. ``variables`` are values for this message alone (service
    messages). ``outranked_by`` names the campaign that won.
    """

    pk = models.CompositePrimaryKey("customer", "step", "occasion")
    customer = of_customer("deliveries")
    step = models.ForeignKey(
        "campaigns.Step", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    occasion = models.CharField(max_length=60)
    run = models.ForeignKey(
        CampaignRun, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    batch = models.ForeignKey(
        Batch, null=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    state = models.CharField(max_length=8, choices=DeliveryState.choices)
    reason = models.CharField(max_length=20, choices=SkipReason.choices, blank=True)
    channel = models.CharField(max_length=10, choices=Channel.choices, blank=True)
    contact = models.CharField(max_length=512, blank=True)
    priority = models.SmallIntegerField()
    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    variables = models.JSONField(null=True)
    outranked_by = models.ForeignKey(
        "campaigns.Campaign",
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    class Meta:
        indexes = [
            # A batch's deliveries are read and settled together.
            models.Index(
                fields=["batch", "customer"], name="delivery_by_batch", condition=Q(batch__isnull=False)
            ),
            # Rules ask who was sent something in a window of time.
            models.Index(
                fields=["settled_at"],
                include=["customer"],
                name="delivery_sent_time",
                condition=Q(state="sent"),
            ),
            # The same of those who were left out or could not be sent to.
            models.Index(
                fields=["state", "settled_at"],
                include=["customer"],
                name="delivery_unsent_time",
                condition=Q(state__in=["skipped", "failed", "unknown"]),
            ),
            # Reports and drill-downs of one run by outcome.
            models.Index(fields=["run", "state", "reason"], name="delivery_by_run"),
        ]


class Attempt(models.Model):
    """One call to a provider for a delivery; ``provider_key`` is what we gave it to recognise a repeat."""

    pk = models.CompositePrimaryKey("customer", "step", "occasion", "number")
    customer = of_customer("attempts")
    step = models.ForeignKey(
        "campaigns.Step", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    occasion = models.CharField(max_length=60)
    number = models.SmallIntegerField()
    channel = models.CharField(max_length=10, choices=Channel.choices)
    state = models.CharField(max_length=8, choices=DeliveryState.choices)
    provider_key = models.CharField(max_length=120)
    provider_id = models.CharField(max_length=200, blank=True)
    error = models.CharField(max_length=300, blank=True)
    permanent = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["provider_key"], name="attempt_by_key")]


class Attention(models.Model):
    """One row per customer who may be messaged; claims lock it in id order before they count."""

    customer = models.OneToOneField(
        "users.Customer", primary_key=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )

    def __str__(self) -> str:
        return str(self.customer_id)


class ChannelHealth(models.Model):
    """How a channel does: its failures in a row, until when nobody tries it, and when it is free again.

    ``open_until`` (lease clock) is the circuit breaker; ``free_at`` (lease clock) shares out the rate that
    the shop allows among all dispatchers.
    """

    channel = models.CharField(max_length=10, choices=Channel.choices, primary_key=True)
    failures = models.IntegerField(default=0)
    open_until = models.DateTimeField(null=True)
    free_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    last_failed_at = models.DateTimeField(null=True)
    last_sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.channel
