"""Room for source codes, costs, touches."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0009_retention_reports")]
    operations = []
