from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("segments", "0004_cuts")]
    operations: list[object] = []
