"""Roll-ups of reach: how many customers each channel reaches, and may reach."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from users.models.consent import Topic
from users.models.customer import Channel


class Reach(models.TextChoices):
    """What is counted of identified customers, per channel."""

    USABLE = "usable", _("Reachable")
    UNUSABLE = "unusable", _("Only unusable addresses")
    LACKING = "lacking", _("No address")
    VERIFIED = "verified", _("With a verified address")
    BOUNCING = "bouncing", _("With a bouncing address")
    BLOCKED = "blocked", _("With a blocked address")
    CONSENTED = "consented", _("Reachable and consented")


class ReachFigure(models.Model):
    """A count of identified customers; computed again at any time. ``topic`` only for ``CONSENTED``."""

    channel = models.CharField(max_length=10, choices=Channel.choices)
    what = models.CharField(max_length=10, choices=Reach.choices)
    topic = models.ForeignKey(Topic, null=True, on_delete=models.CASCADE, related_name="+")
    customers = models.IntegerField()
    computed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.channel} {self.what}: {self.customers}"
