from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("segments", "0007_lists")]
    operations: list[object] = []
