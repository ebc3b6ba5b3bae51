from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("users", "0020_line_shares")]

    operations: list = []
