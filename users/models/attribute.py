"""Custom attributes: what the traffic tells of customers beyond the profile's own columns."""

from django.db import models
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from users.models.keys import of_customer


class AttributeKind(models.TextChoices):
    """What kind of values an attribute was seen with."""

    TEXT = "text", pgettext_lazy("kind of values", "Text")
    NUMBER = "number", pgettext_lazy("kind of values", "Number")
    FLAG = "flag", _("Yes or no")
    DATE = "date", _("Date")
    LIST = "list", _("List")
    OBJECT = "object", _("Object")
    MIXED = "mixed", _("Mixed")


class AttributeDefinition(models.Model):
    """One custom attribute, discovered from the traffic.

    ``customers``: how many had it at ``counted_at`` (null: not counted yet). ``examples``: a few values as
    they are shown.
    """

    name = models.CharField(_("name"), max_length=100, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=AttributeKind.choices)
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))
    customers = models.IntegerField(_("customers"), default=0)
    counted_at = models.DateTimeField(null=True)
    examples = models.JSONField(_("examples"), default=list)
    label = models.CharField(_("label"), max_length=100, blank=True)
    label_zh = models.CharField(_("label in Chinese"), max_length=100, blank=True)
    is_hidden = models.BooleanField(_("hidden"), default=False)

    class Meta:
        verbose_name = _("attribute")
        verbose_name_plural = _("attributes")

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """The label in the reader's language, else the name that the traffic uses."""
        own = self.label_zh if get_language() == "zh-hans" else self.label
        return own or self.label or self.name


class ChangedProfile(models.Model):
    """A customer whose custom attributes changed and have not been looked at since; duplicates are fine."""

    customer = of_customer()

    def __str__(self) -> str:
        return str(self.customer_id)
