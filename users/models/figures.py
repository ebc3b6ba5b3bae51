"""Roll-ups for the pages: figures of a day, customers of a stage. Everything here can be computed again."""

from django.db import models

from users.models.customer import Stage


class DayFigures(models.Model):
    """One calendar day of the shop's zone, over identified customers and confirmed orders.

    ``revenue`` is in minor units of the shop's currency: orders of the day without tax and shipping, less the
    refunds given on that day. ``weekly`` and ``monthly``: customers active in the 7 and 30 days ending that
    day; null for days that had passed when the roll-up began.
    """

    day = models.DateField(primary_key=True)
    active = models.IntegerField(default=0)
    weekly = models.IntegerField(null=True)
    monthly = models.IntegerField(null=True)
    registered = models.IntegerField(default=0)
    orders = models.IntegerField(default=0)
    revenue = models.BigIntegerField(default=0)
    computed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.day}"


class StageFigures(models.Model):
    """Customers of one stage now, and who came and left in the last 7 × 24 hours."""

    stage = models.CharField(max_length=10, choices=Stage.choices, primary_key=True)
    customers = models.IntegerField(default=0)
    visitors = models.IntegerField(default=0)
    came = models.IntegerField(default=0)
    went = models.IntegerField(default=0)
    computed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.stage
