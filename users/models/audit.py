"""The audit trail: every act of an operator or a key, with what was before and after."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """One act, written in the act's own transaction. ``actor`` is the name at that time, kept for ever."""

    at = models.DateTimeField()
    operator = models.ForeignKey("users.Operator", null=True, on_delete=models.SET_NULL, related_name="+")
    actor = models.CharField(max_length=150)
    act = models.CharField(max_length=80)
    target_kind = models.CharField(max_length=80, blank=True)
    target_id = models.CharField(max_length=120, blank=True)
    target_name = models.CharField(max_length=200, blank=True)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        indexes = [
            models.Index(fields=["-at"], name="audit_by_time"),
            models.Index(fields=["target_kind", "target_id", "-at"], name="audit_by_target"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.act} {self.target_name}"
