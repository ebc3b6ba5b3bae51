from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0022_report_rollups")]

    operations: list = []
