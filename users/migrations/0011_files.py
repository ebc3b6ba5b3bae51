"""Room for imports and exports."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0010_acquisition")]
    operations = []
