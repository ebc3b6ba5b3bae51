"""Erasures: what remains of erased customers, and bundles of everything held about one."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0013_goods")]
    operations = [
        migrations.CreateModel(
            name='DataExport',
            fields=[
                ('key', models.UUIDField(primary_key=True, serialize=False)),
                ('asked_at', models.DateTimeField(verbose_name='asked for')),
                ('ready_at', models.DateTimeField(null=True, verbose_name='ready')),
                ('expires_at', models.DateTimeField(db_index=True, verbose_name='expires')),
                ('size', models.BigIntegerField(null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('customer', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='users.customer')),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='users.longjob')),
            ],
        ),
        migrations.CreateModel(
            name='ErasedIdentity',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('refused', models.BigIntegerField(default=0)),
                ('last_refused_at', models.DateTimeField(null=True)),
                ('customer', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='users.customer')),
            ],
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('customer', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='erasure', serialize=False, to='users.customer')),
                ('at', models.DateTimeField(db_index=True, verbose_name='erased')),
                ('asked_by_customer', models.BooleanField(default=False)),
                ('removed', models.JSONField(default=dict)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(
                condition=models.Q(("ip__isnull", False)), fields=["recorded_at"], name="consent_with_ip"
            ),
        ),
    ]
