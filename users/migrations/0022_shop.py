"""Refunds that name their lines are taken off those lines; a line keeps the shop's own number for it."""

from django.db import migrations, models

# How much each line of an order has of its net, by place, as it stands or as it stood before the instant ``until``.
#
# What a refund says of a line is told in three ways: by the shop's number of the line, else by product and variant,
# as far as both sides told them. A line of a refund stands for the amount it says, else for its pieces at the price of
# the order, else for the whole line. Of the refund's money no more than that goes to the lines it named (what is
# more is freight or tax), shared by what they stand for; where several lines of the order are meant, by their amounts.
#
# What was named is taken off the line's part of what the order brought, never below zero. What is left over, and what
# refunds did not say, is taken off all lines alike, by what is left of them. It is a sum over the refunds and so
# the same in whatever order they came. Where nothing is left to share by, or nothing was named, the amounts decide.
SHARES_OF_ORDER = """
    CREATE FUNCTION shares_of_order(customer bigint, told_source text, told_number text, until timestamptz)
    RETURNS bigint[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    DECLARE
        whole_net bigint; brought bigint; rated numeric; of_lines bigint[]; named bigint[]; kept bigint[];
    BEGIN
        SELECT o.net + coalesce(given.later, 0), o.net + coalesce(given.all_in_all, 0), o.rate
        INTO whole_net, brought, rated
        FROM users_order o CROSS JOIN (
            SELECT sum(refund.net) FILTER (WHERE refund.refunded_at >= until) AS later, sum(refund.net) AS all_in_all
            FROM users_refund refund
            WHERE refund.customer_id = customer AND refund.source = told_source AND refund.number = told_number
              AND refund.confirmed
        ) AS given
        WHERE o.customer_id = customer AND o.source = told_source AND o.number = told_number;

        WITH line AS (
            SELECT row_number() OVER (ORDER BY l.line) AS place, l.line_id, l.product_id, l.sku, l.price, l.amount
            FROM users_orderline l
            WHERE l.customer_id = customer AND l.source = told_source AND l.number = told_number
        ), said AS (
            SELECT refund.refund_id, refund.net, one.no, coalesce(one.line ->> 'line_id', '') AS line_id,
                   coalesce(one.line ->> 'product_id', '') AS product_id, coalesce(one.line ->> 'sku', '') AS sku,
                   coalesce((one.line ->> 'quantity')::bigint, 0) AS quantity,
                   coalesce((one.line ->> 'amount')::bigint, 0) AS amount
            FROM users_refund refund
            CROSS JOIN LATERAL jsonb_array_elements(refund.lines) WITH ORDINALITY AS one (line, no)
            WHERE refund.customer_id = customer AND refund.source = told_source AND refund.number = told_number
              AND refund.confirmed AND (until IS NULL OR refund.refunded_at < until)
        ), meant AS (
            SELECT said.refund_id, said.no, line.place, line.price, line.amount
            FROM said JOIN line ON CASE
                WHEN said.line_id <> '' AND EXISTS (SELECT FROM line known WHERE known.line_id = said.line_id)
                THEN line.line_id = said.line_id
                ELSE (said.product_id = '' OR line.product_id IN ('', said.product_id))
                     AND (said.sku = '' OR line.sku IN ('', said.sku))
                     AND ((said.product_id <> '' AND line.product_id = said.product_id)
                          OR (said.sku <> '' AND line.sku = said.sku))
            END
        ), weighed AS (
            SELECT said.refund_id, said.no, said.net,
                   CASE WHEN said.amount > 0 THEN said.amount
                        WHEN said.quantity > 0 THEN coalesce(said.quantity * max(meant.price), 0)
                        ELSE coalesce(sum(meant.amount), 0)
                   END::bigint AS weight,
                   array_agg(meant.place ORDER BY meant.place) AS places,
                   array_agg(meant.amount ORDER BY meant.place) AS amounts
            FROM said LEFT JOIN meant USING (refund_id, no)
            GROUP BY said.refund_id, said.no, said.net, said.amount, said.quantity
        ), split AS (
            SELECT refund_id, array_agg(no ORDER BY no) AS nos,
                   line_shares(
                       greatest(least(net, round(sum(weight) * rated)), 0)::bigint, array_agg(weight ORDER BY no)
                   ) AS parts
            FROM weighed GROUP BY refund_id, net
        ), given AS (
            SELECT part.place, sum(part.money) AS money
            FROM split
            CROSS JOIN LATERAL unnest(split.nos, split.parts) AS one (no, money)
            JOIN weighed USING (refund_id, no)
            CROSS JOIN LATERAL unnest(weighed.places, line_shares(one.money, weighed.amounts)) AS part (place, money)
            GROUP BY part.place
        )
        SELECT array_agg(line.amount ORDER BY line.place),
               array_agg(coalesce(given.money, 0)::bigint ORDER BY line.place)
        INTO of_lines, named
        FROM line LEFT JOIN given USING (place);

        SELECT array_agg(greatest(part.money - part.given, 0) ORDER BY part.place) INTO kept
        FROM unnest(line_shares(brought, of_lines), named) WITH ORDINALITY AS part (money, given, place);
        IF EXISTS (SELECT FROM unnest(named) AS one WHERE one > 0)
           AND EXISTS (SELECT FROM unnest(kept) AS one WHERE one > 0)
        THEN
            RETURN line_shares(whole_net, kept);
        END IF;
        RETURN line_shares(whole_net, of_lines);
    END
    $$
"""
# For rules that ask what was true then: one line, by how many lines of its order stand up to it.
SHARE_THEN = """
    CREATE FUNCTION share_then(customer bigint, told_source text, told_number text, told_line integer, until timestamptz)
    RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT (shares_of_order(customer, told_source, told_number, until))[(
            SELECT count(*) FROM users_orderline l
            WHERE l.customer_id = customer AND l.source = told_source AND l.number = told_number AND l.line <= told_line
        )]
    $$
"""
LINE_SHARE = """
    CREATE FUNCTION line_share(net bigint, amounts bigint[], place integer) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (line_shares(net, amounts))[place] $$
"""
# Only orders of which a refund named lines: few, and in the order of the key.
BACK_FILL = """
    UPDATE users_orderline line SET share = part.share
    FROM (
        SELECT o.customer_id, o.source, o.number,
               ARRAY(SELECT l.line FROM users_orderline l
                     WHERE (l.customer_id, l.source, l.number) = (o.customer_id, o.source, o.number) ORDER BY l.line) AS lines,
               shares_of_order(o.customer_id, o.source, o.number, NULL) AS shares
        FROM (
            SELECT DISTINCT customer_id, source, number FROM users_refund WHERE confirmed AND lines <> '[]'
        ) AS o
    ) AS shared CROSS JOIN LATERAL unnest(shared.lines, shared.shares) AS part (line, share)
    WHERE (line.customer_id, line.source, line.number, line.line)
        = (shared.customer_id, shared.source, shared.number, part.line)
      AND line.share IS DISTINCT FROM part.share
"""


class Migration(migrations.Migration):
    dependencies = [("users", "0021_event_device")]
    operations = [
        migrations.AddField(
            "orderline", "line_id", models.CharField(blank=True, db_default="", default="", max_length=100)
        ),
        migrations.RunSQL(SHARES_OF_ORDER, "DROP FUNCTION shares_of_order"),
        migrations.RunSQL(SHARE_THEN, "DROP FUNCTION share_then"),
        migrations.RunSQL("DROP FUNCTION line_share", LINE_SHARE),
        migrations.RunSQL(BACK_FILL, migrations.RunSQL.noop),
    ]
