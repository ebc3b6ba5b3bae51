"""The front door: bodies accepted but not yet applied, and items that could not be."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class IntakeBody(models.Model):
    """One accepted request, durable before its answer. ``items`` is the validated list as JSON text.

    ``confirmed``: came with a server key. ``is_history``: came through /v1/import and starts nothing.
    """

    key = models.ForeignKey(
        "users.ApiKey",
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    received_at = models.DateTimeField()
    confirmed = models.BooleanField()
    is_history = models.BooleanField(default=False)
    attempts = models.SmallIntegerField(default=0)
    items = models.TextField()

    class Meta:
        verbose_name = _("body waiting to be applied")

    def __str__(self) -> str:
        return f"#{self.pk}"


class DeadLetter(models.Model):
    """An item that was refused or could not be applied, with the reason; it can be replayed."""

    received_at = models.DateTimeField(_("received"))
    parked_at = models.DateTimeField(_("parked"))
    key = models.ForeignKey("users.ApiKey", null=True, on_delete=models.SET_NULL, related_name="+")
    confirmed = models.BooleanField()
    is_history = models.BooleanField(default=False)
    code = models.CharField(_("reason"), max_length=60)
    field = models.CharField(_("field"), max_length=100, blank=True)
    detail = models.TextField(_("detail"), blank=True)
    item = models.TextField(_("item"))
    replayed_at = models.DateTimeField(_("replayed"), null=True, blank=True)

    class Meta:
        verbose_name = _("dead letter")
        verbose_name_plural = _("dead letters")
        indexes = [
            models.Index(
                fields=["-parked_at"], name="deadletter_open", condition=Q(replayed_at__isnull=True)
            ),
            # Refunds and cancellations that wait for their order, by its number.
            models.Index(
                fields=["detail"],
                name="deadletter_waiting",
                condition=Q(code="unknown_order", replayed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.field}"
