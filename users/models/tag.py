"""Tags on customers."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kit.given_names import as_read
from users.models.keys import of_customer


class Tag(models.Model):
    """A label. ``kept_by`` names what keeps it by rule ("segment") and ``kept_ref`` which one; "" by hand."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    category = models.CharField(_("category"), max_length=60, blank=True)
    kept_by = models.CharField(max_length=20, blank=True, default="", db_default="")
    kept_ref = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")

    def __str__(self) -> str:
        return as_read(self.name)


class CustomerTag(models.Model):
    """A tag on a customer; ``source`` says by hand, rule, import, or in one go ("bulk")."""

    pk = models.CompositePrimaryKey("customer", "tag")
    customer = of_customer("customer_tags")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+")
    tagged_at = models.DateTimeField()
    source = models.CharField(max_length=20)


class TagRun(models.Model):
    """A tag put on, or taken off, a whole group in one go; can be undone while its rows are kept."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+")
    is_on = models.BooleanField()
    group = models.CharField(max_length=2000)
    sentence = models.CharField(max_length=300)
    customers = models.BigIntegerField(default=0)
    by = models.ForeignKey("users.Operator", null=True, on_delete=models.SET_NULL, related_name="+")
    job = models.ForeignKey("users.LongJob", null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    left = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("tagging of a group")
        verbose_name_plural = _("taggings of groups")

    def __str__(self) -> str:
        return f"{self.tag_id}: {self.sentence}"


class TagRunMember(models.Model):
    """A customer whose tag a run changed, with what was there before a removal."""

    pk = models.CompositePrimaryKey("customer", "run")
    customer = of_customer()
    run = models.ForeignKey(TagRun, on_delete=models.CASCADE, related_name="+")
    tagged_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=20, blank=True)
