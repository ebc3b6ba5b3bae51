"""Room for what reports on retention need."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0008_lifecycle_reports")]
    operations = []
