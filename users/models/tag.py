"""Tags on customers."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from users.models.keys import of_customer


class Tag(models.Model):
    name = models.CharField(_("name"), max_length=60, unique=True)
    category = models.CharField(_("category"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")

    def __str__(self) -> str:
        return self.name


class CustomerTag(models.Model):
    """A tag on a customer; ``source`` says by hand, rule or import."""

    pk = models.CompositePrimaryKey("customer", "tag")
    customer = of_customer("customer_tags")
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+")
    tagged_at = models.DateTimeField()
    source = models.CharField(max_length=20)
