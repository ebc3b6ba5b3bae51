from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0018_files")]
    operations: list[object] = []
