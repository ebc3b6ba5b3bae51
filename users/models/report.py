"""What reports have computed lately, kept where computing took long."""

from django.db import models


class ReportResult(models.Model):
    """The rows of one statement with its values, as computed on a shop day; ``key`` is a hash of both.

    Holds counts and sums by values of fixed scales, never what traffic says of people. Can be computed again.
    """

    key = models.CharField(max_length=64, primary_key=True)
    rows = models.JSONField()
    seconds = models.FloatField()
    computed_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key[:12]
