"""Business time in the database, and room below 1000 for the event types that the code names."""

from django.db import migrations

BUSINESS_NOW = """
CREATE FUNCTION business_now() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT now() + coalesce((SELECT ahead_by FROM users_clock LIMIT 1), interval '0') $$
"""


class Migration(migrations.Migration):
    dependencies = [("users", "0001_initial")]

    operations = [
        migrations.RunSQL(BUSINESS_NOW, "DROP FUNCTION business_now()"),
        migrations.RunSQL(
            "ALTER TABLE users_eventtype ALTER COLUMN id RESTART WITH 1000", migrations.RunSQL.noop
        ),
    ]
