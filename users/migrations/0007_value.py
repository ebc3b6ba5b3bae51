"""Room for the figures of the day: RFM, core, predictions."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0006_operator_manager")]
    operations = []
