from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0022_shop")]
    operations = [
        migrations.AddField(
            "import", "sheet", models.CharField(blank=True, db_default="", default="", max_length=100)
        ),
        migrations.AddField("import", "sheets", models.JSONField(db_default=[], default=list)),
    ]
