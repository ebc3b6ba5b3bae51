from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0015_history")]
    operations = [
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("erased_at__isnull", True)),
                fields=["id"],
                include=("identified", "channel", "no_profiling"),
                name="customer_living",
            ),
        ),
    ]
