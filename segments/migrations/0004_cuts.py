from django.db import migrations, models

# Rules ask in windows of time about tables of users; a refresh reads the slice that time carried over an edge.
# They stand here because users knows nothing of rules.
EDGES = {
    "consent_given_time": "users_consent (given_at) INCLUDE (customer_id, granted)",
    "customertag_time": "users_customertag (tagged_at) INCLUDE (customer_id)",
    "order_cancelled_time": "users_order (cancelled_at) INCLUDE (customer_id) WHERE cancelled_at IS NOT NULL",
    "alias_joined_time": "users_customeralias (joined_at) INCLUDE (customer_id)",
}


class Migration(migrations.Migration):
    dependencies = [("segments", "0003_history")]
    operations = [
        migrations.CreateModel(
            name="FigureCut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("figure", models.CharField(max_length=100)),
                ("percent", models.SmallIntegerField()),
                ("at", models.DateTimeField()),
                ("value", models.DecimalField(decimal_places=12, max_digits=40, null=True)),
                ("customers", models.IntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("figure", "percent", "at"), name="figurecut_once")
                ],
            },
        ),
        *(migrations.RunSQL(f"CREATE INDEX {name} ON {edge}", f"DROP INDEX {name}") for name, edge in EDGES.items()),
    ]
