"""Orders of several sources and currencies, categories, products owned, shops that deliver by webhook."""

import django.db.models.deletion
import django.db.models.functions.comparison
from decimal import Decimal
from django.db import migrations, models

WARRANTY_END = """
    CREATE FUNCTION warranty_end(since timestamptz, months integer, zone text) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN months > 0 THEN (since AT TIME ZONE zone + make_interval(months => months)) AT TIME ZONE zone END
    $$
"""
# What is there already: refunds are in the shop's currency, waiting letters name their order without its source,
# every category that was told becomes a node of the tree ("Music > Jazz" below "Music"), what was bought is owned.
BEFORE = """
    UPDATE users_refund SET net = amount;
    UPDATE users_deadletter SET detail = 'shop ' || detail
    WHERE code = 'unknown_order' AND replayed_at IS NULL AND detail <> '';
"""
GROW = """
    DO $$
    DECLARE told text; part text; way text; node bigint; above bigint;
    BEGIN
        FOR told IN SELECT category FROM users_product WHERE category <> ''
                    UNION SELECT category FROM users_orderline WHERE category <> '' ORDER BY 1
        LOOP
            way := ''; above := NULL; node := NULL;
            FOREACH part IN ARRAY regexp_split_to_array(told, '\\s*>\\s*') LOOP
                CONTINUE WHEN btrim(part) = '';
                way := CASE WHEN way = '' THEN btrim(part) ELSE way || ' > ' || btrim(part) END;
                SELECT id INTO node FROM users_category WHERE path = way;
                IF node IS NULL THEN
                    INSERT INTO users_category (parent_id, name, path) VALUES (above, btrim(part), way)
                    RETURNING id INTO node;
                    INSERT INTO users_categoryname (text, category_id) VALUES (way, node) ON CONFLICT DO NOTHING;
                END IF;
                above := node;
            END LOOP;
            IF above IS NOT NULL THEN
                INSERT INTO users_categoryname (text, category_id) VALUES (told, above) ON CONFLICT DO NOTHING;
            END IF;
        END LOOP;
    END $$
"""
OWNED = """
    INSERT INTO users_ownedproduct (customer_id, key, product_id, category, serial, since, warranty_months, warranty_end,
                                    source, quantity, order_source, order_number)
    SELECT line.customer_id,
           'order:' || line.source || ':' || line.number || ':' || coalesce(nullif(line.product_id, ''), line.sku),
           coalesce(nullif(line.product_id, ''), line.sku), max(line.category), '', max(o.ordered_at), NULL, NULL,
           'order', sum(line.quantity), line.source, line.number
    FROM users_orderline line JOIN users_order o USING (customer_id, source, number)
    WHERE o.counts AND coalesce(nullif(line.product_id, ''), line.sku) <> '' AND o.refunded = 0
    GROUP BY line.customer_id, line.source, line.number, coalesce(nullif(line.product_id, ''), line.sku)
"""


class Migration(migrations.Migration):
    dependencies = [("users", "0012_identity")]
    operations = [
        migrations.CreateModel(
            name="Category",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("path", models.CharField(max_length=500, unique=True)),
            ],
            options={
                "verbose_name": "category",
                "verbose_name_plural": "categories",
            },
        ),
        migrations.CreateModel(
            name="CategoryName",
            fields=[
                ("text", models.CharField(max_length=500, primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name="ExchangeRate",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "currency", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("day", models.DateField()),
                ("rate", models.DecimalField(decimal_places=8, max_digits=18)),
            ],
        ),
        migrations.CreateModel(
            name="OrderClaim",
            fields=[
                ("customer", models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="claimed_orders",
                to="users.customer",
            )),
                ("claimant", models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="order_claims",
                to="users.customer",
            )),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "customer",
                        "source",
                        "number",
                        "claimant",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("source", models.CharField(max_length=40)),
                ("number", models.CharField(max_length=100)),
                ("claimed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="OwnedProduct",
            fields=[
                ("customer", models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="owned_products",
                to="users.customer",
            )),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "customer", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.CharField(max_length=260)),
                ("product_id", models.CharField(max_length=100)),
                ("category", models.CharField(blank=True, max_length=100)),
                ("serial", models.CharField(blank=True, max_length=100)),
                ("since", models.DateTimeField()),
                ("warranty_months", models.SmallIntegerField(null=True)),
                ("warranty_end", models.DateTimeField(null=True)),
                (
                    "source",
                    models.CharField(choices=[("order", "Bought"), ("card", "Warranty card")], max_length=10),
                ),
                ("quantity", models.IntegerField(default=1)),
                ("order_source", models.CharField(blank=True, max_length=40)),
                ("order_number", models.CharField(blank=True, max_length=100)),
            ],
        ),
        migrations.CreateModel(
            name="ShopConnection",
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
                            ("shopify", "Shopify"),
                            ("woocommerce", "WooCommerce"),
                            ("youzan", "Youzan"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("source", models.CharField(max_length=40, unique=True, verbose_name="order source")),
                ("token", models.CharField(max_length=40, unique=True)),
                ("client_id", models.CharField(blank=True, max_length=100)),
                ("secret", models.CharField(max_length=200)),
                ("shares_ids", models.BooleanField(default=False)),
                ("is_on", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("pinged_at", models.DateTimeField(null=True)),
                ("received_at", models.DateTimeField(null=True)),
                ("received", models.IntegerField(default=0)),
                ("repeated", models.IntegerField(default=0)),
                ("refused", models.IntegerField(default=0)),
                ("refused_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
                ("failure", models.CharField(blank=True, max_length=60)),
            ],
            options={
                "verbose_name": "shop connection",
                "verbose_name_plural": "shop connections",
            },
        ),
        migrations.CreateModel(
            name="ShopDelivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=100)),
                ("topic", models.CharField(max_length=100, verbose_name="topic")),
                ("received_at", models.DateTimeField(verbose_name="received")),
                ("body", models.BinaryField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("taken", "Taken"),
                            ("ignored", "Not needed"),
                            ("dead", "Could not be read"),
                        ],
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=60)),
                ("items", models.SmallIntegerField(default=0)),
                ("user_id", models.CharField(blank=True, max_length=255)),
                ("replayed_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
            },
        ),
        migrations.AddField(
            model_name="order",
            name="rate",
            field=models.DecimalField(
                db_default=Decimal("1"), decimal_places=12, default=Decimal("1"), max_digits=24
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="category_fixed",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="product",
            name="told_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="product",
            name="warranty_months",
            field=models.SmallIntegerField(blank=True, null=True, verbose_name="warranty in months"),
        ),
        migrations.AddField(
            model_name="refund",
            name="net",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                django.db.models.functions.comparison.Coalesce(
                    django.db.models.functions.comparison.NullIf("product_id", models.Value("")),
                    models.F("sku"),
                ),
                name="orderline_product",
            ),
        ),
        migrations.AddField(
            model_name="category",
            name="parent",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="children",
                to="users.category",
            ),
        ),
        migrations.AddField(
            model_name="categoryname",
            name="category",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="names", to="users.category"
            ),
        ),
        migrations.AddField(
            model_name="shopdelivery",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="users.shopconnection",
            ),
        ),
        migrations.AddIndex(
            model_name="ownedproduct",
            index=models.Index(fields=["product_id"], include=("customer",), name="owned_product"),
        ),
        migrations.AddIndex(
            model_name="ownedproduct",
            index=models.Index(
                condition=models.Q(("warranty_end__isnull", False)),
                fields=["warranty_end"],
                include=("customer",),
                name="owned_warranty_end",
            ),
        ),
        migrations.AddIndex(
            model_name="shopdelivery",
            index=models.Index(fields=["connection", "-received_at", "-id"], name="delivery_newest"),
        ),
        migrations.AddIndex(
            model_name="shopdelivery",
            index=models.Index(fields=["received_at"], name="delivery_age"),
        ),
        migrations.AddIndex(
            model_name="shopdelivery",
            index=models.Index(
                condition=models.Q(("user_id", ""), _negated=True), fields=["user_id"], name="delivery_person"
            ),
        ),
        migrations.AddConstraint(
            model_name="shopdelivery",
            constraint=models.UniqueConstraint(fields=("connection", "key"), name="delivery_once"),
        ),
        migrations.RunSQL(WARRANTY_END, "DROP FUNCTION warranty_end"),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
        migrations.RunSQL(GROW, migrations.RunSQL.noop),
        migrations.RunSQL(OWNED, migrations.RunSQL.noop),
    ]
