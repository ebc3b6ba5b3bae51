"""Where customers come from."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class AcquisitionChannel(models.Model):
    """A channel of the two-level list; the upper level has no parent."""

    slug = models.SlugField(_("short name"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    name_zh = models.CharField(_("name in Chinese"), max_length=100, blank=True)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("belongs to"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )

    class Meta:
        verbose_name = _("acquisition channel")
        verbose_name_plural = _("acquisition channels")

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """The name in the reader's language."""
        return self.name_zh if get_language() == "zh-hans" and self.name_zh else self.name
