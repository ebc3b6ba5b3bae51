"""Cut points: from which figure on a customer belongs to the top N %, as measured on a day."""

from django.db import models


class FigureCut(models.Model):
    """The least figure of the top ``percent`` % by a field, in force from ``at`` until the next one.

    ``value`` null: nobody had a figure above zero. ``customers``: how many had one.
    """

    figure = models.CharField(max_length=100)
    percent = models.SmallIntegerField()
    at = models.DateTimeField()
    value = models.DecimalField(max_digits=40, decimal_places=12, null=True)
    customers = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["figure", "percent", "at"], name="figurecut_once")]

    def __str__(self) -> str:
        return f"{self.figure} top {self.percent} %: {self.value}"
