"""Imports and exports of files, tags put on whole groups and tags kept by rule."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "0010_acquisition")]

    operations = [
        migrations.AddField(
            model_name="tag",
            name="kept_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AddField(
            model_name="tag",
            name="kept_ref",
            field=models.BigIntegerField(null=True),
        ),
        migrations.CreateModel(
            name="Export",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20, verbose_name="kind")),
                ("title", models.CharField(max_length=200, verbose_name="what")),
                ("token", models.CharField(max_length=32, unique=True)),
                ("form", models.CharField(max_length=4)),
                ("options", models.JSONField(default=dict)),
                ("rows", models.BigIntegerField(default=0, verbose_name="rows")),
                ("size", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(verbose_name="asked for")),
                ("ready_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="users.longjob",
                    ),
                ),
            ],
            options={
                "verbose_name": "export",
                "verbose_name_plural": "exports",
            },
        ),
        migrations.CreateModel(
            name="Import",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20, verbose_name="kind")),
                ("file_name", models.CharField(max_length=200, verbose_name="file")),
                ("token", models.CharField(max_length=32, unique=True)),
                ("encoding", models.CharField(max_length=20)),
                ("head", models.JSONField(default=list)),
                ("fingerprint", models.CharField(max_length=64)),
                ("mapping", models.JSONField(default=dict)),
                ("options", models.JSONField(default=dict)),
                ("match_key", models.CharField(blank=True, max_length=12)),
                ("rows", models.BigIntegerField(verbose_name="rows")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "Columns to be named"),
                            ("checking", "Being checked"),
                            ("checked", "Ready to start"),
                            ("running", "Being imported"),
                            ("done", "Imported"),
                            ("undoing", "Being undone"),
                            ("undone", "Undone"),
                        ],
                        default="uploaded",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("counts", models.JSONField(default=dict)),
                ("result", models.JSONField(default=dict)),
                ("told_at", models.DateTimeField(verbose_name="uploaded")),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="users.longjob",
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
                "verbose_name_plural": "imports",
            },
        ),
        migrations.CreateModel(
            name="ImportRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "file", "no", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("no", models.IntegerField()),
                ("mark", models.CharField(max_length=320, null=True)),
                ("key", models.CharField(blank=True, max_length=255)),
                ("cells", models.TextField()),
                (
                    "fate",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("new", "New"),
                            ("changes", "Changes"),
                            ("unchanged", "Unchanged"),
                            ("duplicate", "Duplicate"),
                            ("refused", "Refused"),
                        ],
                        max_length=10,
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=40)),
                ("field", models.CharField(blank=True, max_length=100)),
                ("detail", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("written", "Written"),
                            ("undone", "Undone"),
                            ("left", "Left as it is"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("before", models.JSONField(null=True)),
                ("left", models.CharField(blank=True, max_length=40)),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="users.customer",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="users.import",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TagRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("is_on", models.BooleanField()),
                ("group", models.CharField(max_length=600)),
                ("sentence", models.CharField(max_length=300)),
                ("customers", models.BigIntegerField(default=0)),
                ("at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("undone_at", models.DateTimeField(null=True)),
                ("left", models.BigIntegerField(default=0)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="users.longjob",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="users.tag"
                    ),
                ),
            ],
            options={
                "verbose_name": "tagging of a group",
                "verbose_name_plural": "taggings of groups",
            },
        ),
        migrations.CreateModel(
            name="TagRunMember",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "customer", "run", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("tagged_at", models.DateTimeField(null=True)),
                ("source", models.CharField(blank=True, max_length=20)),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="users.customer",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="users.tagrun"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="import",
            index=models.Index(fields=["kind", "fingerprint", "-id"], name="import_remembered"),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(fields=["file", "mark", "no"], name="importrow_together"),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(fields=["file", "fate", "no"], name="importrow_fate"),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(
                condition=models.Q(("state", "left")), fields=["file", "no"], name="importrow_left"
            ),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(
                condition=models.Q(("customer__isnull", False)),
                fields=["customer"],
                name="importrow_customer",
            ),
        ),
    ]
