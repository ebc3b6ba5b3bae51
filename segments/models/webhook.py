"""Webhooks out: who wants to be told of comings and goings, and what was delivered."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Endpoint(models.Model):
    """An address of the shop's that is told who entered and left some segments.

    ``run``, ``segment`` and ``customer`` are the place in the log of changes up to which everything is
    delivered. ``failing_since``: since when no attempt has succeeded. ``lease_until``: a worker is at it.
    """

    class State(models.TextChoices):
        ON = "on", _("On")
        PAUSED = "paused", _("Paused")
        DISABLED = "disabled", _("Switched off after failures")

    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(_("address"), max_length=500)
    secret = models.CharField(max_length=100)
    entered = models.BooleanField(_("who entered"), default=True)
    left = models.BooleanField(_("who left"), default=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ON)
    run = models.BigIntegerField(default=0)
    segment = models.BigIntegerField(default=0)
    customer = models.BigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class EndpointSegment(models.Model):
    """A segment that an endpoint wants to hear of. ``since_run``: older changes are not told."""

    endpoint: "models.ForeignKey[Any, Any]" = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="subscriptions"
    )
    segment: "models.ForeignKey[Any, Any]" = models.ForeignKey(
        "segments.Segment", on_delete=models.CASCADE, related_name="subscriptions"
    )
    since_run = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "segment"], name="endpoint_hears_once")]


class WebhookDelivery(models.Model):
    """One request: up to a hundred changes after a place in the log, a repetition of one, or a trial.

    ``number`` is the id that the receiver sees; every attempt has the same one. What was told is not kept: it
    is read from the log of changes again, so that what was erased meanwhile is not told any more.
    ``refusals``: how often the receiver answered that it does not want it; after so many it is set aside.
    """

    class Kind(models.TextChoices):
        CHANGES = "changes", _("Changes")
        REPLAY = "replay", _("Sent again by hand")
        PING = "ping", _("Trial")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")
        PARKED = "parked", _("Set aside")

    endpoint: "models.ForeignKey[Any, Any]" = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="deliveries"
    )
    number = models.CharField(max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    after = models.JSONField(default=list)
    until = models.JSONField(default=list)
    changes = models.PositiveIntegerField(_("changes"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    refusals = models.PositiveIntegerField(default=0, db_default=0)
    status = models.PositiveSmallIntegerField(_("answer"), null=True)
    problem = models.CharField(max_length=200, blank=True)
    milliseconds = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(_("made"))
    tried_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        indexes = [
            models.Index(fields=["endpoint", "-id"], name="delivery_by_endpoint"),
            # Old ones are removed as they come of age.
            models.Index(fields=["created_at"], name="delivery_by_age"),
            models.Index(
                fields=["endpoint", "id"], name="delivery_waiting", condition=models.Q(state="waiting")
            ),
            # The home page asks on every visit whether there is one.
            models.Index(
                fields=["endpoint", "id"], name="delivery_parked", condition=models.Q(state="parked")
            ),
        ]

    def __str__(self) -> str:
        return self.number
