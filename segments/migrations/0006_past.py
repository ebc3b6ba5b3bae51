import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('segments', '0005_engine'),
        ('users', '0018_files'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Backtest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=200, verbose_name='what')),
                ('rule', models.JSONField(verbose_name='rule')),
                ('other_title', models.CharField(blank=True, max_length=200)),
                ('other_rule', models.JSONField(null=True)),
                ('every', models.CharField(default='month', max_length=5)),
                ('points', models.JSONField(default=list)),
                ('made_at', models.DateTimeField()),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='users.longjob')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('segment', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='segments.segment')),
            ],
            options={
                'verbose_name': 'backtest',
                'verbose_name_plural': 'backtests',
            },
        ),
    ]
