from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0017_pages")]
    operations: list[object] = []
