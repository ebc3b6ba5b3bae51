"""Room for identities, attributes, preferences."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0011_files")]
    operations = []
