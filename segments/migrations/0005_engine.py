from django.db import migrations, models

COUNT = """
UPDATE segments_run run SET entered = moved.entered, "left" = moved."left"
FROM (SELECT run_id, sum(entered) AS entered, sum("left") AS "left" FROM segments_segmentrun GROUP BY run_id) moved
WHERE run.id = moved.run_id
"""


class Migration(migrations.Migration):
    dependencies = [("segments", "0004_cuts")]
    operations = [
        migrations.AddField(
            model_name="segment", name="alarmed_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(model_name="run", name="entered", field=models.IntegerField(default=0)),
        migrations.AddField(model_name="run", name="left", field=models.IntegerField(default=0)),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
