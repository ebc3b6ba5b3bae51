"""What each run of the engine did."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RunKind(models.TextChoices):
    REFRESH = "refresh", _("Refresh")
    REBUILD = "rebuild", _("Rebuild")
    AUDIT = "audit", _("Audit")
    LIST = "list", _("Change of a list")


class Run(models.Model):
    """One refresh, rebuild, audit or change of a list at one ``now``. ``touched``: customers taken from the queue.

    ``entered`` and ``left`` over all its segments: a run with either is part of the history and stays.
    """

    kind = models.CharField(max_length=10, choices=RunKind.choices)
    now = models.DateTimeField()
    touched = models.IntegerField(default=0)
    stage_moves = models.IntegerField(default=0)
    entered = models.IntegerField(default=0)
    left = models.IntegerField(default=0)
    milliseconds = models.IntegerField(default=0)

    class Meta:
        verbose_name = _("segment run")
        verbose_name_plural = _("segment runs")
        indexes = [models.Index(fields=["-now"], name="run_by_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.now:%Y-%m-%d %H:%M:%S}Z"


class SegmentRun(models.Model):
    """What a run did to one segment. An audit's ``entered`` and ``left`` are its drift: 0 is the promise."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="segments")
    segment = models.ForeignKey("segments.Segment", on_delete=models.CASCADE, related_name="runs")
    rule_version = models.PositiveIntegerField()
    checked = models.IntegerField(default=0)
    entered = models.IntegerField(default=0)
    left = models.IntegerField(default=0)
    size = models.IntegerField(default=0)
    milliseconds = models.IntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "segment"], name="segmentrun_once")]
        indexes = [models.Index(fields=["segment", "-run"], name="segmentrun_by_segment")]

    def __str__(self) -> str:
        return f"{self.segment_id} in {self.run_id}"

    @property
    def is_told_afterwards(self) -> bool:
        """Whether it tells of a time before the segment was made (``services/past_days.py``)."""
        return self.run.now < self.segment.created_at
