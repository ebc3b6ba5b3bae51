"""Who is in which segment, and every coming and going."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from users.models.keys import of_customer


class Membership(models.Model):
    """A customer in a segment since ``entered_at``, the ``now`` of the run that let the customer in."""

    pk = models.CompositePrimaryKey("customer", "segment")
    customer = of_customer("memberships")
    segment = models.ForeignKey(
        "segments.Segment",
        on_delete=models.DO_NOTHING,
        related_name="memberships",
        db_constraint=False,
        db_index=False,
    )
    entered_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["segment", "customer"], include=["entered_at"], name="membership_by_segment")
        ]


class ChangeCause(models.TextChoices):
    """Why membership changed; only ``event`` and ``clock`` start campaigns, rewards or webhooks."""

    EVENT = "event", _("Something happened")
    CLOCK = "clock", _("Time passed")
    HISTORY = "history", _("Told afterwards")
    EDIT = "edit", _("The rule was edited")
    REBUILD = "rebuild", _("Computed anew")
    HEAL = "heal", _("Corrected by the audit")
    LIST = "list", _("The list was changed")


class MembershipChange(models.Model):
    """A customer entered or left a segment in a run."""

    pk = models.CompositePrimaryKey("customer", "segment", "run")
    customer = of_customer("membership_changes")
    segment = models.ForeignKey(
        "segments.Segment",
        on_delete=models.DO_NOTHING,
        related_name="changes",
        db_constraint=False,
        db_index=False,
    )
    run = models.ForeignKey(
        "segments.Run",
        on_delete=models.DO_NOTHING,
        related_name="changes",
        db_constraint=False,
        db_index=False,
    )
    entered = models.BooleanField()
    at = models.DateTimeField()
    cause = models.CharField(max_length=10, choices=ChangeCause.choices)

    class Meta:
        indexes = [models.Index(fields=["segment", "run", "customer"], name="change_by_segment")]
