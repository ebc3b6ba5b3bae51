"""What each line has of its order's net, kept with the line, and when it was sold; an index by product and time."""

import django.db.models.functions.comparison
from django.db import migrations, models

# The same as users/shares.py: by amount, floor first, then a cent each to the largest remainders, the earlier line
# first. Exact: the products of two amounts are numerics and are divided without a fraction.
LINE_SHARES = """
    CREATE FUNCTION line_shares(net bigint, amounts bigint[]) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT array_agg((part + (place <= net - given)::int)::bigint ORDER BY no)
        FROM (
            SELECT no, part, sum(part) OVER () AS given, row_number() OVER (ORDER BY rest DESC, no) AS place
            FROM (
                SELECT no, div(net * amount - rest, whole) AS part, rest
                FROM (
                    SELECT no, amount, whole, mod(mod(net * amount, whole) + whole, whole) AS rest
                    FROM (
                        SELECT no, amount::numeric AS amount, nullif(greatest(sum(amount) OVER (), 0), 0) AS whole
                        FROM unnest(amounts) WITH ORDINALITY AS told (amount, no)
                    ) AS weighed
                ) AS left_over
            ) AS floored
        ) AS ranked
    $$
"""
LINE_SHARE = """
    CREATE FUNCTION line_share(net bigint, amounts bigint[], place integer) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (line_shares(net, amounts))[place] $$
"""
# Customers in portions, by the key that orders and lines both begin with: no portion is larger than memory.
BACK_FILL = """
    DO $$
    DECLARE first bigint := 0; beyond bigint; last bigint := (SELECT max(customer_id) FROM users_orderline);
    BEGIN
        WHILE first <= last LOOP
            beyond := first + 20000;
            UPDATE users_orderline line SET share = part.share, sold_at = shared.sold_at
            FROM (
                SELECT o.customer_id, o.source, o.number, CASE WHEN o.counts THEN o.ordered_at END AS sold_at,
                       array_agg(l.line ORDER BY l.line) AS lines,
                       line_shares(o.net, array_agg(l.amount ORDER BY l.line)) AS shares
                FROM users_order o JOIN users_orderline l USING (customer_id, source, number)
                WHERE o.customer_id >= first AND o.customer_id < beyond
                  AND l.customer_id >= first AND l.customer_id < beyond
                GROUP BY o.customer_id, o.source, o.number
            ) AS shared CROSS JOIN LATERAL unnest(shared.lines, shared.shares) AS part (line, share)
            WHERE (line.customer_id, line.source, line.number, line.line)
                = (shared.customer_id, shared.source, shared.number, part.line)
              AND line.customer_id >= first AND line.customer_id < beyond;
            first := beyond;
        END LOOP;
    END $$
"""


class Migration(migrations.Migration):
    dependencies = [("users", "0019_timeline")]
    operations = [
        migrations.AddField("orderline", "share", models.BigIntegerField(null=True)),
        migrations.AddField("orderline", "sold_at", models.DateTimeField(null=True)),
        migrations.RunSQL(LINE_SHARES, "DROP FUNCTION line_shares"),
        migrations.RunSQL(LINE_SHARE, "DROP FUNCTION line_share"),
        migrations.RunSQL(BACK_FILL, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="orderline", name="orderline_product"),
        migrations.AddIndex(
            "orderline",
            models.Index(
                django.db.models.functions.comparison.Coalesce(
                    django.db.models.functions.comparison.NullIf("product_id", models.Value("")),
                    models.F("sku"),
                ),
                models.F("sold_at"),
                include=["customer", "quantity", "share", "product_id", "sku"],
                name="orderline_sold",
            ),
        ),
    ]
