from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0018_files")]
    operations = [
        migrations.RemoveIndex(model_name="event", name="event_timeline"),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["customer", "-occurred_at"],
                include=["type", "category", "value"],
                name="event_timeline",
            ),
        ),
    ]
