from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("users", "0023_sheets")]
    operations = [
        AddIndexConcurrently(
            "importrow", models.Index(fields=["file", "key", "no"], name="importrow_by_key")
        ),
    ]
