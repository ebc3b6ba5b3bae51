from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("segments", "0006_builder")]
    operations: list[object] = []
