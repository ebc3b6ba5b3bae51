"""The kind of device on events. A nullable column without a default is only noted in the catalogue: no row is read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0020_line_shares")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="device",
            field=models.CharField(
                choices=[
                    ("mobile", "Mobile"),
                    ("tablet", "Tablet"),
                    ("desktop", "Desktop"),
                    ("other", "Other device"),
                ],
                max_length=7,
                null=True,
            ),
        ),
    ]
