"""Attributes, preferences, asked consents, reach; longer addresses of contact points."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0011_files")]
    operations = [
        migrations.CreateModel(
            name='AttributeDefinition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True, verbose_name='name')),
                ('kind', models.CharField(choices=[('text', 'Text'), ('number', 'Number'), ('flag', 'Yes or no'), ('date', 'Date'), ('list', 'List'), ('object', 'Object'), ('mixed', 'Mixed')], max_length=10, verbose_name='kind')),
                ('first_seen_at', models.DateTimeField(verbose_name='first seen')),
                ('last_seen_at', models.DateTimeField(verbose_name='last seen')),
                ('customers', models.IntegerField(default=0, verbose_name='customers')),
                ('counted_at', models.DateTimeField(null=True)),
                ('examples', models.JSONField(default=list, verbose_name='examples')),
                ('label', models.CharField(blank=True, max_length=100, verbose_name='label')),
                ('label_zh', models.CharField(blank=True, max_length=100, verbose_name='label in Chinese')),
                ('is_hidden', models.BooleanField(default=False, verbose_name='hidden')),
            ],
            options={
                'verbose_name': 'attribute',
                'verbose_name_plural': 'attributes',
            },
        ),
        migrations.AddField(
            model_name='consent',
            name='evidence',
            field=models.CharField(blank=True, db_default='', max_length=500),
        ),
        migrations.AddField(
            model_name='contactpoint',
            name='details',
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name='customer',
            name='most_per_week',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='messages a week at most'),
        ),
        migrations.AddField(
            model_name='topic',
            name='double_opt_in',
            field=models.BooleanField(db_default=False, default=False, help_text='A yes that comes from a public form or the storefront counts only after the link in a mail was opened and confirmed.', verbose_name='ask back by e-mail'),
        ),
        migrations.AlterField(
            model_name='contactpoint',
            name='address',
            field=models.CharField(max_length=1000),
        ),
        migrations.CreateModel(
            name='ChangedProfile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('customer', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='users.customer')),
            ],
        ),
        migrations.CreateModel(
            name='ReachFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('email', 'E-mail'), ('sms', 'SMS'), ('wechat', 'WeChat'), ('weibo', 'Weibo'), ('app_push', 'App push'), ('web_push', 'Web push'), ('inbox', 'In-app inbox'), ('webhook', 'Webhook')], max_length=10)),
                ('what', models.CharField(choices=[('usable', 'Reachable'), ('unusable', 'Only unusable addresses'), ('lacking', 'No address'), ('verified', 'With a verified address'), ('bouncing', 'With a bouncing address'), ('blocked', 'With a blocked address'), ('consented', 'Reachable and consented')], max_length=10)),
                ('customers', models.IntegerField()),
                ('computed_at', models.DateTimeField()),
                ('topic', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='users.topic')),
            ],
        ),
        migrations.CreateModel(
            name='ConsentRequest',
            fields=[
                ('pk', models.CompositePrimaryKey('customer', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=150)),
                ('channel', models.CharField(choices=[('email', 'E-mail'), ('sms', 'SMS'), ('wechat', 'WeChat'), ('weibo', 'Weibo'), ('app_push', 'App push'), ('web_push', 'Web push'), ('inbox', 'In-app inbox'), ('webhook', 'Webhook')], max_length=10)),
                ('address', models.CharField(max_length=254)),
                ('source', models.CharField(max_length=40)),
                ('wording', models.CharField(blank=True, max_length=100)),
                ('ip', models.GenericIPAddressField(null=True)),
                ('asked_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('customer', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='consent_requests', to='users.customer')),
                ('topic', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='users.topic')),
            ],
            options={
                'indexes': [models.Index(fields=['address', 'asked_at'], name='consent_request_address')],
            },
        ),
        # What shops have heard so far is discovered like what is to come.
        migrations.RunSQL(
            "INSERT INTO users_changedprofile (customer_id) SELECT id FROM users_customer WHERE attributes <> '{}'",
            migrations.RunSQL.noop,
        ),
    ]
