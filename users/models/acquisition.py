"""Where customers come from: channels in two levels, how a visit tells its channel, what a day cost."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class AcquisitionChannel(models.Model):
    """A channel of the two-level list; the upper level has no parent. A closed one is offered no more."""

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
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("acquisition channel")
        verbose_name_plural = _("acquisition channels")

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """The name in the reader's language."""
        return self.name_zh if get_language() == "zh-hans" and self.name_zh else self.name


class ClueKind(models.TextChoices):
    """What of a visit tells its channel; of several that do, the first of this list holds."""

    UTM_MEDIUM = "utm_medium", _("UTM medium")
    UTM_SOURCE = "utm_source", _("UTM source")
    REFERRER = "referrer", _("Referring site")


class ChannelClue(models.Model):
    """One line of the table that reads the channel from a visit without a source code we know.

    ``value``: lower case; of a referring site the domain, which stands for its subdomains too.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=ClueKind.choices)
    value = models.CharField(_("value"), max_length=100)
    channel = models.ForeignKey(
        AcquisitionChannel, verbose_name=_("channel"), on_delete=models.PROTECT, related_name="clues"
    )

    class Meta:
        verbose_name = _("clue")
        verbose_name_plural = _("clues")
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="clue_once")]

    def __str__(self) -> str:
        return f"{self.kind}={self.value}"


class ChannelCost(models.Model):
    """What a channel (or one source code of it) cost on one day of the shop's zone.

    ``amount`` is in minor units of the shop's currency.
    """

    day = models.DateField(_("day"))
    channel = models.ForeignKey(
        AcquisitionChannel, verbose_name=_("channel"), on_delete=models.PROTECT, related_name="costs"
    )
    source = models.ForeignKey(
        "users.SourceCode",
        verbose_name=_("source code"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="costs",
    )
    amount = models.BigIntegerField(_("amount"))
    is_invented = models.BooleanField(_("invented for the demo"), default=False)
    entered_at = models.DateTimeField(_("entered"))

    class Meta:
        verbose_name = _("cost")
        verbose_name_plural = _("costs")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "channel", "source"], name="cost_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="cost_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.channel_id}: {self.amount}"
