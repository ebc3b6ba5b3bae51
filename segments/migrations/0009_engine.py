"""Which version of a segment's rule took too long to be computed beside others."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("segments", "0008_api")]

    operations = [
        migrations.AddField("segment", "alone_version", models.PositiveIntegerField(null=True)),
    ]
