"""Room for what reports on retention need: rows of heavy statements, kept for a shop day."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0008_lifecycle_reports")]

    operations = [
        migrations.CreateModel(
            name="ReportResult",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("rows", models.JSONField()),
                ("seconds", models.FloatField()),
                ("computed_at", models.DateTimeField(db_index=True)),
            ],
        ),
    ]
