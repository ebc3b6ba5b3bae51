from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0015_history")]
    operations: list[object] = []
