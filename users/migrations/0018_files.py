from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0017_pages")]
    operations = [
        migrations.AlterField(
            model_name="import",
            name="state",
            field=models.CharField(
                choices=[
                    ("received", "Being read"),
                    ("unreadable", "Cannot be read"),
                    ("uploaded", "Columns to be named"),
                    ("checking", "Being checked"),
                    ("checked", "Ready to start"),
                    ("running", "Being imported"),
                    ("done", "Imported"),
                    ("undoing", "Being undone"),
                    ("undone", "Undone"),
                ],
                default="uploaded",
                max_length=10,
                verbose_name="state",
            ),
        ),
    ]
