"""The scopes of server keys, and what changed since when. No row is read for the columns, no table is held for the indexes."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("users", "0024_rows_by_key")]

    operations = [
        migrations.AddField("apikey", "may", models.JSONField(db_default=[], default=list)),
        migrations.AddField("customer", "changed_at", models.DateTimeField(editable=False, null=True)),
        migrations.AddField("order", "changed_at", models.DateTimeField(null=True)),
        AddIndexConcurrently(
            "customer",
            models.Index(
                fields=["changed_at"], name="customer_changed", condition=models.Q(changed_at__isnull=False)
            ),
        ),
        AddIndexConcurrently("order", models.Index(fields=["ordered_at"], name="order_placed")),
        AddIndexConcurrently(
            "order",
            models.Index(
                fields=["changed_at"], name="order_changed", condition=models.Q(changed_at__isnull=False)
            ),
        ),
    ]
