"""Room for erasures and retention times."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0013_goods")]
    operations = []
