"""Roll-ups behind the reports on activity and stages: by day of the shop, kept by a job, never by hand."""

from django.db import models


class StageFlow(models.Model):
    """Customers who went from one stage to another on one calendar day of the shop, as is believed now.

    ``from_stage`` "" : became known that day (the sooner of first seen and first activity). Whoever sums the
    flows up to a day has the customers of each stage at its end. Erased customers are in no figure.
    """

    pk = models.CompositePrimaryKey("day", "from_stage", "to_stage")
    day = models.DateField()
    from_stage = models.CharField(max_length=10, blank=True)
    to_stage = models.CharField(max_length=10)
    customers = models.IntegerField()
    visitors = models.IntegerField()
    computed_at = models.DateTimeField()


class ActiveFigures(models.Model):
    """Who was active on a day of the shop, and in the 7 and 30 days ending with it, by acquisition channel.

    ``channel``: short name of the upper-level channel, "" where it is not known. ``known``: customers first
    seen by the end of that day. ``spread``: of the last whole day only, customers by active days in the 28
    days ending with it (``{"1": 40, …}``).
    """

    pk = models.CompositePrimaryKey("day", "channel", "identified")
    day = models.DateField()
    channel = models.CharField(max_length=50, blank=True)
    identified = models.BooleanField()
    active = models.IntegerField()
    weekly = models.IntegerField()
    monthly = models.IntegerField()
    known = models.IntegerField()
    spread = models.JSONField(null=True)
    computed_at = models.DateTimeField()
