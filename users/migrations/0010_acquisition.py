"""Source codes, costs, touches; what customers were told to have come through becomes their first touch."""

import django.db.models.deletion
from django.db import migrations, models

TOUCHES_TOLD = """
    INSERT INTO users_firsttouch (customer_id, at, code, told_channel, utm_source, utm_medium, utm_campaign, utm_term,
                                  utm_content, referrer_host, channel_id)
    SELECT customer.id,
           coalesce((customer.told_at ->> 'channel')::timestamptz, (customer.told_at ->> 'source_code')::timestamptz,
                    customer.first_seen_at),
           customer.source_code, coalesce(channel.slug, ''), '', '', '', '', '', '', customer.channel_id
    FROM users_customer customer LEFT JOIN users_acquisitionchannel channel ON channel.id = customer.channel_id
    WHERE customer.channel_id IS NOT NULL OR customer.source_code <> ''
"""


class Migration(migrations.Migration):
    dependencies = [
        ("users", "0009_retention_reports"),
    ]

    operations = [
        migrations.AddField(
            model_name="acquisitionchannel",
            name="closed_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="closed"),
        ),
        migrations.CreateModel(
            name="SourceCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=60, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("platform", models.CharField(blank=True, max_length=30, verbose_name="platform")),
                (
                    "owner_kind",
                    models.CharField(
                        choices=[
                            ("employee", "Employee"),
                            ("store", "Store"),
                            ("dianping", "Dianping account"),
                            ("xiaohongshu", "Xiaohongshu account"),
                            ("zhihu", "Zhihu account"),
                            ("douyin", "Douyin account"),
                            ("kuaishou", "Kuaishou account"),
                            ("channels", "WeChat Channels account"),
                            ("live", "Live stream"),
                            ("article", "Article"),
                            ("group", "Chat group"),
                        ],
                        max_length=12,
                        verbose_name="kind of owner",
                    ),
                ),
                ("owner", models.CharField(max_length=100, verbose_name="owner")),
                ("target", models.CharField(max_length=500, verbose_name="leads to")),
                ("utm_source", models.CharField(blank=True, max_length=100, verbose_name="UTM source")),
                ("utm_medium", models.CharField(blank=True, max_length=100, verbose_name="UTM medium")),
                ("utm_campaign", models.CharField(blank=True, max_length=100, verbose_name="UTM campaign")),
                ("utm_term", models.CharField(blank=True, max_length=100, verbose_name="UTM term")),
                ("utm_content", models.CharField(blank=True, max_length=100, verbose_name="UTM content")),
                ("is_invented", models.BooleanField(default=False, verbose_name="invented for the demo")),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sources",
                        to="users.acquisitionchannel",
                        verbose_name="channel",
                    ),
                ),
            ],
            options={
                "verbose_name": "source code",
                "verbose_name_plural": "source codes",
            },
        ),
        migrations.CreateModel(
            name="FirstTouch",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="first_touch",
                        serialize=False,
                        to="users.customer",
                    ),
                ),
                ("at", models.DateTimeField()),
                ("code", models.CharField(blank=True, max_length=100)),
                ("told_channel", models.CharField(blank=True, max_length=50)),
                ("utm_source", models.CharField(blank=True, max_length=100)),
                ("utm_medium", models.CharField(blank=True, max_length=100)),
                ("utm_campaign", models.CharField(blank=True, max_length=100)),
                ("utm_term", models.CharField(blank=True, max_length=100)),
                ("utm_content", models.CharField(blank=True, max_length=100)),
                ("referrer_host", models.CharField(blank=True, max_length=255)),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="users.acquisitionchannel",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="first_touches",
                        to="users.sourcecode",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ChannelCost",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                ("is_invented", models.BooleanField(default=False, verbose_name="invented for the demo")),
                ("entered_at", models.DateTimeField(verbose_name="entered")),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="costs",
                        to="users.acquisitionchannel",
                        verbose_name="channel",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="costs",
                        to="users.sourcecode",
                        verbose_name="source code",
                    ),
                ),
            ],
            options={
                "verbose_name": "cost",
                "verbose_name_plural": "costs",
            },
        ),
        migrations.CreateModel(
            name="SourceTouch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("visitor", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("referrer_host", models.CharField(blank=True, max_length=255)),
                ("utm", models.JSONField(default=dict)),
                ("by_bot", models.BooleanField(default=False)),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="touches",
                        to="users.sourcecode",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ChannelClue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("utm_medium", "UTM medium"),
                            ("utm_source", "UTM source"),
                            ("referrer", "Referring site"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("value", models.CharField(max_length=100, verbose_name="value")),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clues",
                        to="users.acquisitionchannel",
                        verbose_name="channel",
                    ),
                ),
            ],
            options={
                "verbose_name": "clue",
                "verbose_name_plural": "clues",
                "constraints": [models.UniqueConstraint(fields=("kind", "value"), name="clue_once")],
            },
        ),
        migrations.AddIndex(
            model_name="sourcecode",
            index=models.Index(fields=["owner_kind", "owner"], name="source_owner"),
        ),
        migrations.AddIndex(
            model_name="firsttouch",
            index=models.Index(
                condition=models.Q(("source__isnull", False)),
                fields=["source", "at"],
                include=("customer",),
                name="first_touch_source",
            ),
        ),
        migrations.AddIndex(
            model_name="firsttouch",
            index=models.Index(
                condition=models.Q(("channel__isnull", True)), fields=["code"], name="first_touch_unplaced"
            ),
        ),
        migrations.AddConstraint(
            model_name="channelcost",
            constraint=models.UniqueConstraint(
                fields=("day", "channel", "source"), name="cost_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="channelcost",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="cost_above_zero"),
        ),
        migrations.AddIndex(
            model_name="sourcetouch",
            index=models.Index(
                fields=["source", "at"], include=("visitor", "by_bot"), name="source_touch_time"
            ),
        ),
        migrations.RunSQL(TOUCHES_TOLD, migrations.RunSQL.noop),
    ]
