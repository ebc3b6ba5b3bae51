-- What customers own through some orders, made what the orders say now, in one statement: bought less given back,
-- of orders that count. A refund that names a line by its number and no pieces gave the line back once none of its money
-- is left. Rows that stay as they are are not written again: most orders never change.
WITH told AS (
    SELECT DISTINCT customer_id, source, number
    FROM unnest(%(customers)s::bigint[], %(sources)s::text[], %(numbers)s::text[]) AS one (customer_id, source, number)
), bought AS (
    SELECT o.customer_id, o.source, o.number, o.ordered_at, coalesce(nullif(line.product_id, ''), line.sku) AS product_id,
           sum(line.quantity) AS quantity, max(line.category) AS category
    FROM told
    JOIN users_order o USING (customer_id, source, number)
    JOIN users_orderline line USING (customer_id, source, number)
    WHERE o.counts
    GROUP BY 1, 2, 3, 4, 5
), said AS (
    SELECT refund.customer_id, refund.source, refund.number, refund.refund_id, one.quantity, line.line,
           line.quantity AS whole, line.share,
           coalesce(nullif(line.product_id, ''), line.sku, nullif(one.product_id, ''), one.sku) AS product_id
    FROM told
    JOIN users_refund refund USING (customer_id, source, number)
    CROSS JOIN LATERAL jsonb_to_recordset(refund.lines)
        AS one (line_id text, product_id text, sku text, quantity integer)
    LEFT JOIN users_orderline line
      ON (line.customer_id, line.source, line.number) = (refund.customer_id, refund.source, refund.number)
     AND line.line_id = one.line_id AND one.line_id <> ''
    WHERE refund.confirmed
), given_back AS (
    SELECT customer_id, source, number, product_id, sum(quantity) AS quantity
    FROM (
        SELECT customer_id, source, number, product_id, quantity FROM said WHERE quantity > 0
        UNION ALL
        SELECT * FROM (
            SELECT DISTINCT ON (customer_id, source, number, line) customer_id, source, number, product_id, whole
            FROM said WHERE quantity = 0 AND share = 0
        ) AS whole_lines
    ) AS pieces
    GROUP BY 1, 2, 3, 4
), owned AS (
    SELECT bought.customer_id,
           bought.source, bought.number, 'order:' || bought.source || ':' || bought.number || ':' || bought.product_id AS key,
           bought.product_id, bought.category, bought.ordered_at AS since,
           warranty_end(bought.ordered_at, product.warranty_months, %(zone)s) AS warranty_end,
           bought.quantity - coalesce(given_back.quantity, 0) AS quantity
    FROM bought
    LEFT JOIN given_back USING (customer_id, source, number, product_id)
    LEFT JOIN users_product product USING (product_id)
    WHERE bought.product_id <> '' AND bought.quantity > coalesce(given_back.quantity, 0)
), gone AS (
    DELETE FROM users_ownedproduct old USING told
    WHERE old.customer_id = told.customer_id AND old.order_source = told.source AND old.order_number = told.number
      AND NOT EXISTS (SELECT FROM owned WHERE owned.customer_id = old.customer_id AND owned.key = old.key)
)
INSERT INTO users_ownedproduct AS kept (customer_id, key, product_id, category, serial, since, warranty_months,
                                        warranty_end, source, quantity, order_source, order_number)
SELECT customer_id, key, product_id, category, '', since, NULL, warranty_end, 'order', quantity, source, number
FROM owned
ORDER BY customer_id, key
ON CONFLICT (customer_id, key) DO UPDATE
SET category = excluded.category, since = excluded.since, warranty_end = excluded.warranty_end,
    quantity = excluded.quantity
WHERE (kept.category, kept.since, kept.warranty_end, kept.quantity)
      IS DISTINCT FROM (excluded.category, excluded.since, excluded.warranty_end, excluded.quantity)
