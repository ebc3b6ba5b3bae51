"""Backtests: what a rule would have selected on past dates."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Backtest(models.Model):
    """A rule asked about the past, saved as a segment or not, perhaps beside another one.

    ``points``: its size at the beginning of days, as far as the job has come: [day, customers, by the other
    rule or null].
    """

    title = models.CharField(_("what"), max_length=200)
    segment = models.ForeignKey("segments.Segment", null=True, on_delete=models.CASCADE, related_name="+")
    rule = models.JSONField(_("rule"))
    other_title = models.CharField(max_length=200, blank=True)
    other_rule = models.JSONField(null=True)
    every = models.CharField(max_length=5, default="month")
    points = models.JSONField(default=list)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey("users.Operator", null=True, on_delete=models.SET_NULL, related_name="+")
    job = models.ForeignKey("users.LongJob", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        verbose_name = _("backtest")
        verbose_name_plural = _("backtests")

    def __str__(self) -> str:
        return self.title

    @property
    def name(self) -> str:
        """What it is about; of a ready segment that nobody renamed, in the reader's language."""
        of = self.segment
        return of.title if of is not None and self.title in (of.name, of.title) else self.title
