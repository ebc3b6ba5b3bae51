from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("segments", "0003_history")]
    operations: list[object] = []
