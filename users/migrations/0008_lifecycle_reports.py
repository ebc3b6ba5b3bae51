"""Room for thresholds to be accepted; what reports on stages need."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0007_value")]
    operations = []
