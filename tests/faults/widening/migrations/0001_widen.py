"""A column more."""

from django.db import migrations


class Migration(migrations.Migration):
    """Needs the table to itself for a moment."""

    operations = [
        migrations.RunSQL(
            "ALTER TABLE users_customer ADD COLUMN widened integer",
            "ALTER TABLE users_customer DROP COLUMN widened",
        )
    ]
