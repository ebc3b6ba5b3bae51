from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0021_event_device")]

    operations: list = []
