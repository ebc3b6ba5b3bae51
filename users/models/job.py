"""Work that runs by itself: slots of the schedule, and long jobs with progress."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.kit import told


class JobRun(models.Model):
    """One slot of one scheduled job; the key makes two beats, or a message doubled, one effect."""

    pk = models.CompositePrimaryKey("job", "slot")
    job = models.CharField(max_length=60)
    slot = models.BigIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    milliseconds = models.IntegerField(null=True)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["job", "-started_at"], name="jobrun_latest")]


class LongJob(models.Model):
    """Long work as a row: what, how far, who asked, whether to stop. Runs as chunks, one lease each."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")

    kind = models.CharField(_("kind"), max_length=40)
    title = models.CharField(_("what"), max_length=200)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    done = models.BigIntegerField(_("done"), default=0)
    total = models.BigIntegerField(_("of"), null=True, blank=True)
    step = models.CharField(_("step"), max_length=200, blank=True)
    parameters = models.JSONField(default=dict)
    result = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    cancel_asked = models.BooleanField(default=False)
    by = models.ForeignKey(
        "users.Operator", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("asked for"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.SmallIntegerField(default=0)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [
            models.Index(
                fields=["created_at"], name="longjob_open", condition=Q(state__in=["waiting", "running"])
            )
        ]

    def __str__(self) -> str:
        return self.in_words

    @property
    def in_words(self) -> str:
        """What it does, in the reader's language."""
        return told.to_reader(self.parameters.get("titles"), gettext(self.title) if self.title else "")

    @property
    def step_in_words(self) -> str:
        """What it is at, in the reader's language; workers note it in the language of the source."""
        return gettext(self.step) if self.step else ""
