from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("users", "0027_first_seen_and_open_orders")]
    operations = [
        migrations.AddField("importrow", "ready", models.TextField(null=True)),
        # Room on each page for the rows as they are once they are written (users/models/transfer.py).
        migrations.RunSQL(
            "ALTER TABLE users_importrow SET (fillfactor = 60)",
            "ALTER TABLE users_importrow RESET (fillfactor)",
        ),
        AddIndexConcurrently(
            "importrow",
            models.Index(fields=["file", "no"], name="importrow_left_alone", condition=~models.Q(left="")),
        ),
        RemoveIndexConcurrently("importrow", "importrow_left"),
    ]
