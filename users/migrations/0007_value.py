"""The figures of the day: RFM, core, predictions."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0006_operator_manager'),
    ]

    operations = [
        migrations.CreateModel(
            name='CutPoint',
            fields=[
                ('pk', models.CompositePrimaryKey('day', 'figure', 'level', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('figure', models.CharField(max_length=20)),
                ('level', models.SmallIntegerField()),
                ('value', models.DecimalField(decimal_places=2, max_digits=20)),
            ],
        ),
        migrations.CreateModel(
            name='ModelFit',
            fields=[
                ('day', models.DateField(primary_key=True, serialize=False)),
                ('fitted_at', models.DateTimeField()),
                ('reason', models.CharField(blank=True, choices=[('few', 'fewer than 500 buyers'), ('young', 'the first order is less than 180 days ago'), ('no_fit', 'no parameters explain these orders')], max_length=10)),
                ('customers', models.IntegerField(default=0)),
                ('spenders', models.IntegerField(default=0)),
                ('r', models.FloatField(null=True)),
                ('alpha', models.FloatField(null=True)),
                ('a', models.FloatField(null=True)),
                ('b', models.FloatField(null=True)),
                ('p', models.FloatField(null=True)),
                ('q', models.FloatField(null=True)),
                ('gamma', models.FloatField(null=True)),
                ('held_out_days', models.IntegerField(null=True)),
                ('calibration', models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name='ValueDay',
            fields=[
                ('day', models.DateField(primary_key=True, serialize=False)),
                ('as_of', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('customers', models.IntegerField(default=0)),
                ('buyers', models.IntegerField(default=0)),
                ('fixed_bands', models.BooleanField(default=False)),
                ('best_hour', models.SmallIntegerField(null=True)),
                ('figures', models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='CustomerValue',
            fields=[
                ('customer', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='value', serialize=False, to='users.customer')),
                ('first_day', models.DateField(null=True)),
                ('second_day', models.DateField(null=True)),
                ('last_day', models.DateField(null=True)),
                ('repeat_days', models.IntegerField(db_default=0)),
                ('repeat_mean', models.BigIntegerField(null=True)),
                ('orders_window', models.IntegerField(db_default=0)),
                ('net_window', models.BigIntegerField(db_default=0)),
                ('revenue_year', models.BigIntegerField(db_default=0)),
                ('order_band', models.CharField(choices=[('0', 'no order'), ('1', '1 order'), ('2-5', '2 to 5 orders'), ('6+', '6 orders or more')], db_default='0', max_length=4)),
                ('aov_band', models.CharField(db_default='', max_length=1)),
                ('r', models.SmallIntegerField(null=True)),
                ('f', models.SmallIntegerField(null=True)),
                ('m', models.SmallIntegerField(null=True)),
                ('rfm_group', models.CharField(choices=[('champions', 'Champions'), ('loyal', 'Loyal'), ('promising', 'Promising'), ('newcomers', 'Newcomers'), ('attention', 'Need attention'), ('sleepy', 'Falling asleep'), ('at_risk', 'At risk'), ('precious', 'Not to be lost'), ('lost', 'Lost buyers')], db_default='', max_length=10)),
                ('is_core', models.BooleanField(db_default=False)),
                ('top_revenue', models.SmallIntegerField(null=True)),
                ('top_orders', models.SmallIntegerField(null=True)),
                ('top_ltv', models.SmallIntegerField(null=True)),
                ('expected_orders', models.DecimalField(decimal_places=2, max_digits=9, null=True)),
                ('expected_value', models.BigIntegerField(null=True)),
                ('predicted_ltv', models.BigIntegerField(null=True)),
                ('p_alive', models.SmallIntegerField(null=True)),
                ('churn_risk', models.SmallIntegerField(null=True)),
                ('churn_reasons', models.JSONField(db_default=[])),
                ('favourite_category', models.CharField(db_default='', max_length=100)),
                ('best_hour', models.SmallIntegerField(null=True)),
                ('leader_score', models.IntegerField(db_default=0)),
                ('leader_parts', models.JSONField(db_default={})),
                ('fan', models.CharField(choices=[('brand', 'Brand fan'), ('content', 'Content fan'), ('passer_by', 'Passer-by')], db_default='', max_length=10)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('r__isnull', False)), fields=['r', 'f'], name='value_rf'), models.Index(condition=models.Q(('revenue_year__gt', 0)), fields=['-revenue_year', 'customer'], name='value_revenue_year'), models.Index(condition=models.Q(('leader_score__gt', 0)), fields=['-leader_score', 'customer'], name='value_leader')],
            },
        ),
    ]
