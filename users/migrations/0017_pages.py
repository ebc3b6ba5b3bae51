from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0016_rollups")]
    operations: list[object] = []
