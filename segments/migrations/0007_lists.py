import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('segments', '0006_past'),
        ('users', '0018_files'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Endpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('url', models.CharField(max_length=500, verbose_name='address')),
                ('secret', models.CharField(max_length=100)),
                ('entered', models.BooleanField(default=True, verbose_name='who entered')),
                ('left', models.BooleanField(default=True, verbose_name='who left')),
                ('state', models.CharField(choices=[('on', 'On'), ('paused', 'Paused'), ('disabled', 'Switched off after failures')], default='on', max_length=10, verbose_name='state')),
                ('run', models.BigIntegerField(default=0)),
                ('segment', models.BigIntegerField(default=0)),
                ('customer', models.BigIntegerField(default=0)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('due_at', models.DateTimeField()),
                ('lease_until', models.DateTimeField(null=True)),
                ('failing_since', models.DateTimeField(null=True)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(verbose_name='created')),
            ],
            options={
                'verbose_name': 'webhook',
                'verbose_name_plural': 'webhooks',
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='segment',
            name='folder',
            field=models.CharField(blank=True, db_default='', max_length=60, verbose_name='folder'),
        ),
        migrations.AlterField(
            model_name='membershipchange',
            name='cause',
            field=models.CharField(choices=[('event', 'Something happened'), ('clock', 'Time passed'), ('history', 'Told afterwards'), ('edit', 'The rule was edited'), ('rebuild', 'Computed anew'), ('heal', 'Corrected by the audit'), ('list', 'The list was changed')], max_length=10),
        ),
        migrations.AlterField(
            model_name='run',
            name='kind',
            field=models.CharField(choices=[('refresh', 'Refresh'), ('rebuild', 'Rebuild'), ('audit', 'Audit'), ('list', 'Change of a list')], max_length=10),
        ),
        migrations.CreateModel(
            name='Audience',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('segment_name', models.CharField(max_length=120, verbose_name='segment')),
                ('platform', models.CharField(max_length=20, verbose_name='platform')),
                ('channel', models.CharField(max_length=10, verbose_name='channel')),
                ('algorithm', models.CharField(max_length=6, verbose_name='hash')),
                ('left_out', models.JSONField(default=dict)),
                ('members_count', models.PositiveIntegerField(default=0)),
                ('asked_at', models.DateTimeField(verbose_name='asked for')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('export', models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='audience', to='users.export')),
                ('segment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='audiences', to='segments.segment')),
            ],
            options={
                'verbose_name': 'audience',
                'verbose_name_plural': 'audiences',
            },
        ),
        migrations.CreateModel(
            name='AudienceMember',
            fields=[
                ('pk', models.CompositePrimaryKey('customer', 'audience', blank=True, editable=False, primary_key=True, serialize=False)),
                ('audience', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='segments.audience')),
                ('customer', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='audiences', to='users.customer')),
            ],
        ),
        migrations.CreateModel(
            name='EndpointSegment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since_run', models.BigIntegerField()),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='segments.endpoint')),
                ('segment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='segments.segment')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('endpoint', 'segment'), name='endpoint_hears_once')],
            },
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=40, unique=True)),
                ('kind', models.CharField(choices=[('changes', 'Changes'), ('replay', 'Sent again by hand'), ('ping', 'Trial')], max_length=10, verbose_name='kind')),
                ('after', models.JSONField(default=list)),
                ('until', models.JSONField(default=list)),
                ('changes', models.PositiveIntegerField(default=0, verbose_name='changes')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('failed', 'Failed')], default='waiting', max_length=10, verbose_name='state')),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='attempts')),
                ('status', models.PositiveSmallIntegerField(null=True, verbose_name='answer')),
                ('problem', models.CharField(blank=True, max_length=200)),
                ('milliseconds', models.PositiveIntegerField(null=True)),
                ('created_at', models.DateTimeField(verbose_name='made')),
                ('tried_at', models.DateTimeField(null=True)),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='segments.endpoint')),
            ],
            options={
                'verbose_name': 'webhook delivery',
                'verbose_name_plural': 'webhook deliveries',
                'indexes': [models.Index(fields=['endpoint', '-id'], name='delivery_by_endpoint'), models.Index(fields=['created_at'], name='delivery_by_age'), models.Index(condition=models.Q(('state', 'waiting')), fields=['endpoint', 'id'], name='delivery_waiting')],
            },
        ),
    ]
