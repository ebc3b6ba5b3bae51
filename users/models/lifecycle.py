"""The lifecycle rule in force and every move between stages."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from users.models.customer import Stage
from users.models.keys import of_customer


class LifecycleRule(models.Model):
    """A version of the thresholds (days). The newest accepted version is in force for everybody.

    ``proposed``: in force as it was shipped, and nobody has said yes to it; stages follow it and start nothing.
    """

    version = models.AutoField(primary_key=True)
    new_for = models.PositiveSmallIntegerField(_("new for (days)"), default=14)
    dormant_after = models.PositiveSmallIntegerField(_("dormant after (days)"), default=30)
    churned_after = models.PositiveSmallIntegerField(_("churned after (days)"), default=90)
    returning_for = models.PositiveSmallIntegerField(_("returning for (days)"), default=30)
    proposed = models.BooleanField(default=False, db_default=False)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        "users.Operator", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("lifecycle rule")
        verbose_name_plural = _("lifecycle rules")
        constraints = [
            models.CheckConstraint(
                condition=Q(new_for__gte=1)
                & Q(dormant_after__gte=models.F("new_for"))
                & Q(dormant_after__gte=2)
                & Q(churned_after__gt=models.F("dormant_after"))
                & Q(returning_for__gte=1),
                name="lifecycle_thresholds_in_order",
            )
        ]

    def __str__(self) -> str:
        return f"v{self.version}"


class MoveCause(models.TextChoices):
    EVENT = "event", _("Something the customer did")
    CLOCK = "clock", _("Time passing")
    RULE = "rule", _("New thresholds")


class StageMove(models.Model):
    """One move between stages: true from ``at``, noticed at ``noticed_at``.

    A late event can show that a move never was: the row stays, with ``superseded_at``, as what was
    believed then. ``starts_things``: may start messages and rewards (false for history).
    """

    pk = models.CompositePrimaryKey("customer", "at", "to_stage", "noticed_at")
    customer = of_customer("stage_moves")
    at = models.DateTimeField()
    noticed_at = models.DateTimeField()
    from_stage = models.CharField(max_length=10, choices=Stage.choices)
    to_stage = models.CharField(max_length=10, choices=Stage.choices)
    cause = models.CharField(max_length=10, choices=MoveCause.choices)
    cause_message_id = models.CharField(max_length=150, blank=True)
    rule_version = models.IntegerField()
    starts_things = models.BooleanField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # Home and reports: the moves of the last days, by stage.
            models.Index(
                fields=["at"],
                include=["from_stage", "to_stage", "customer"],
                name="stagemove_time",
                condition=Q(superseded_at__isnull=True),
            ),
        ]
