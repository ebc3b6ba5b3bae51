-- What products brought in a period: an order's net, refunds taken off, is shared among its lines by their amounts, so
-- that products add up to orders. Lines are found by the key of orders that count, which the index on time gives.
WITH line AS (
    SELECT o.customer_id, o.source, o.number, o.net, coalesce(nullif(l.product_id, ''), l.sku) AS product_id,
           l.category, l.amount, l.quantity, sum(l.amount) OVER (PARTITION BY o.customer_id, o.source, o.number) AS whole
    FROM users_order o JOIN users_orderline l USING (customer_id, source, number)
    WHERE o.counts AND o.ordered_at >= %(begin)s AND o.ordered_at < %(end)s
)
SELECT product_id, count(DISTINCT (source, number)), count(DISTINCT customer_id), sum(quantity)::bigint,
       round(sum(net * amount::numeric / nullif(whole, 0)))::bigint
FROM line
WHERE product_id <> '' AND (%(texts)s::text[] IS NULL OR category = ANY(%(texts)s))
GROUP BY product_id
ORDER BY 5 DESC NULLS LAST, product_id
LIMIT %(most)s
