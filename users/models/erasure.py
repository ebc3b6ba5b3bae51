"""What remains of erased customers: that it was done, and keyed hashes by which they are not taken up again."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Erasure(models.Model):
    """A customer whose data was erased. ``removed``: rows per table, for the record."""

    customer = models.OneToOneField(
        "users.Customer",
        primary_key=True,
        on_delete=models.DO_NOTHING,
        related_name="erasure",
        db_constraint=False,
    )
    at = models.DateTimeField(_("erased"), db_index=True)
    by = models.ForeignKey("users.Operator", null=True, on_delete=models.SET_NULL, related_name="+")
    asked_by_customer = models.BooleanField(default=False)
    removed = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"#{self.customer_id}"


class ErasedIdentity(models.Model):
    """The keyed hash of one identity of an erased customer; ``refused`` items named it since."""

    digest = models.CharField(max_length=64, primary_key=True)
    customer = models.ForeignKey(
        "users.Customer", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    refused = models.BigIntegerField(default=0)
    last_refused_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.digest[:12]


class DataExport(models.Model):
    """A bundle of everything that is held about one customer; the file is named by ``key``."""

    key = models.UUIDField(primary_key=True)
    customer = models.ForeignKey(
        "users.Customer", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    job = models.ForeignKey("users.LongJob", on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey("users.Operator", null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(_("asked for"))
    ready_at = models.DateTimeField(_("ready"), null=True)
    expires_at = models.DateTimeField(_("expires"), db_index=True)
    size = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return str(self.key)
