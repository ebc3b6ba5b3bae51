"""What is set for the whole shop."""

from datetime import timedelta

from django.db import models


class ShopSetting(models.Model):
    """One changed setting; names, types and defaults are declared in ``users/shop.py``."""

    name = models.CharField(max_length=60, primary_key=True)
    value = models.JSONField()

    def __str__(self) -> str:
        return self.name


class Clock(models.Model):
    """One row: how far business time is ahead of the database's clock (tests and demos only)."""

    ahead_by = models.DurationField(default=timedelta())

    def __str__(self) -> str:
        return str(self.ahead_by)
