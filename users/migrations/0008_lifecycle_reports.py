"""Thresholds that are proposed and not accepted yet; the roll-ups behind the reports on activity and stages."""

from django.db import migrations, models


# The thresholds as shipped, where nobody has accepted any, become a proposal.
MARK_PROPOSED = """
    UPDATE users_lifecyclerule SET proposed = true
    WHERE NOT EXISTS (SELECT FROM users_lifecyclerule WHERE accepted_by_id IS NOT NULL)
"""


class Migration(migrations.Migration):
    dependencies = [("users", "0007_value")]
    operations = [
        migrations.CreateModel(
            name="ActiveFigures",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "day",
                        "channel",
                        "identified",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("channel", models.CharField(blank=True, max_length=50)),
                ("identified", models.BooleanField()),
                ("active", models.IntegerField()),
                ("weekly", models.IntegerField()),
                ("monthly", models.IntegerField()),
                ("known", models.IntegerField()),
                ("spread", models.JSONField(null=True)),
                ("computed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="StageFlow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "day",
                        "from_stage",
                        "to_stage",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("day", models.DateField()),
                ("from_stage", models.CharField(blank=True, max_length=10)),
                ("to_stage", models.CharField(max_length=10)),
                ("customers", models.IntegerField()),
                ("visitors", models.IntegerField()),
                ("computed_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="lifecyclerule",
            name="proposed",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunSQL(MARK_PROPOSED, migrations.RunSQL.noop),
    ]
