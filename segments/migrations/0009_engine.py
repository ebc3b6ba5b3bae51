from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("segments", "0008_api")]

    operations: list = []
