from django.db import migrations, models

# Secrets that earlier versions kept in the answers stored for repeated calls.
FORGET_SECRETS = """
UPDATE users_idempotencyrecord SET answer = answer || '{"secret": null}'
WHERE jsonb_typeof(answer) = 'object' AND answer ? 'secret'
"""


class Migration(migrations.Migration):
    dependencies = [("segments", "0007_lists"), ("users", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="webhookdelivery",
            name="refusals",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AlterField(
            model_name="webhookdelivery",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "Waiting"),
                    ("delivered", "Delivered"),
                    ("failed", "Failed"),
                    ("parked", "Set aside"),
                ],
                default="waiting",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "parked")),
                fields=["endpoint", "id"],
                name="delivery_parked",
            ),
        ),
        migrations.RunSQL(FORGET_SECRETS, migrations.RunSQL.noop),
    ]
