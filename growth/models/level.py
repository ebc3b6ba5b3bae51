"""Levels by growth value."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from users.models.keys import of_customer


class Level(models.Model):
    """A step of the ladder, reached at ``threshold`` growth value."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    name_zh = models.CharField(_("name in Chinese"), max_length=60, blank=True)
    threshold = models.PositiveIntegerField(_("from growth value"), unique=True)
    colour = models.CharField(_("colour"), max_length=7, default="#7c8594")

    class Meta:
        verbose_name = _("level")
        verbose_name_plural = _("levels")
        ordering = ["threshold"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The name in the language of the page or the call."""
        return self.name_zh if self.name_zh and (get_language() or "").startswith("zh") else self.name


class CustomerLevel(models.Model):
    """Where a customer stands on the ladder; to be judged for keeping or downgrade at ``judged_at``.

    ``growth_value`` is the sum of the growth entries from ``counts_from`` on.
    No row means the lowest level.
    """

    customer = models.OneToOneField(
        "users.Customer",
        primary_key=True,
        on_delete=models.DO_NOTHING,
        related_name="level_row",
        db_constraint=False,
    )
    level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="+")
    growth_value = models.BigIntegerField(default=0)
    since = models.DateTimeField()
    counts_from = models.DateTimeField()
    judged_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [
            models.Index(fields=["level", "-growth_value", "-customer"], name="level_customers"),
            # Rules about how long ago.
            models.Index(fields=["since"], name="level_since"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.level_id}"


class GrowthEntry(models.Model):
    """One change of growth value, once per business key."""

    pk = models.CompositePrimaryKey("customer", "key")
    customer = of_customer("growth_entries")
    key = models.CharField(max_length=200)
    amount = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], include=["customer", "amount"], name="growth_time")]


class LevelMove(models.Model):
    """A customer went up or down the ladder."""

    pk = models.CompositePrimaryKey("customer", "at")
    customer = of_customer("level_moves")
    at = models.DateTimeField()
    from_level = models.ForeignKey(Level, null=True, on_delete=models.PROTECT, related_name="+")
    to_level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["at"], include=["customer"], name="levelmove_time")]
