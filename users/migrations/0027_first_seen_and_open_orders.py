"""Indexes for who was first seen since when, and for the few orders that do not count. No table is held for them."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("users", "0026_second_factor")]

    operations = [
        AddIndexConcurrently("customer", models.Index(fields=["first_seen_at"], name="customer_first_seen")),
        AddIndexConcurrently(
            "order",
            models.Index(
                fields=["ordered_at"],
                name="order_not_counting",
                condition=Q(counts=False) | Q(confirmed=False) | Q(paid_at__isnull=True),
            ),
        ),
    ]
