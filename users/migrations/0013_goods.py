"""Room for shop webhooks, categories, products owned."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0012_identity")]
    operations = []
