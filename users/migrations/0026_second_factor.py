"""Since when an operator has a second factor; for those who have one already, since they set it up."""

from django.db import migrations, models

KNOWN = """
    UPDATE users_operator o SET factor_at = a.created_at
    FROM mfa_authenticator a WHERE a.user_id = o.id AND a.type = 'totp'
"""


class Migration(migrations.Migration):
    dependencies = [("users", "0025_api"), ("mfa", "0003_authenticator_type_uniq")]

    operations = [
        migrations.AddField("operator", "factor_at", models.DateTimeField(editable=False, null=True)),
        migrations.AddField("operator", "sessions_from", models.DateTimeField(editable=False, null=True)),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
    ]
