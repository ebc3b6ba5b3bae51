from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("segments", "0005_engine")]
    operations: list[object] = []
