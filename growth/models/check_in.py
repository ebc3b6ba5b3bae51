"""Daily check-ins."""

from django.db import models

from users.models.keys import of_customer


class CheckIn(models.Model):
    """One check-in on one local date of the customer, with the streak it made and what it gave."""

    pk = models.CompositePrimaryKey("customer", "local_date")
    customer = of_customer("check_ins")
    local_date = models.DateField()
    at = models.DateTimeField()
    streak = models.PositiveIntegerField()
    points = models.PositiveIntegerField()

    class Meta:
        indexes = [
            # Rules: what time carried over an edge of a window, and the streaks that a midnight broke.
            models.Index(fields=["at"], include=["customer"], name="checkin_time"),
            models.Index(fields=["local_date"], include=["customer"], name="checkin_day"),
        ]
