from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("segments", "0008_engine")]
    operations: list[object] = []
