"""Audiences handed to advertising platforms: which, of whom, by whose leave."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from users.models.keys import of_customer


class Audience(models.Model):
    """One file of hashed addresses for a platform. ``left_out``: members by the reason that kept them out.

    The file itself is the ``Export``; this row and its members stay when it is gone, so that a customer can
    be told to whom their address was handed.
    """

    export = models.OneToOneField(
        "users.Export", null=True, on_delete=models.SET_NULL, related_name="audience"
    )
    segment = models.ForeignKey(
        "segments.Segment", null=True, on_delete=models.SET_NULL, related_name="audiences"
    )
    segment_name = models.CharField(_("segment"), max_length=120)
    platform = models.CharField(_("platform"), max_length=20)
    channel = models.CharField(_("channel"), max_length=10)
    algorithm = models.CharField(_("hash"), max_length=6)
    left_out = models.JSONField(default=dict)
    members_count = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(_("asked for"))
    by = models.ForeignKey("users.Operator", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("audience")
        verbose_name_plural = _("audiences")

    def __str__(self) -> str:
        return f"{self.segment_name} → {self.platform}"


class AudienceMember(models.Model):
    """A customer whose hashed address went into an audience."""

    pk = models.CompositePrimaryKey("customer", "audience")
    customer = of_customer("audiences")
    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="members")
