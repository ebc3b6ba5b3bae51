-- What products brought in a period: the shares of their lines, so that products add up to orders to the cent. Lines
-- are found by the key of orders that count, which the index on time gives. Grouped step by step (order, customer,
-- product), which is hashed; counting different orders and customers in one step would sort all lines twice. Bought
-- again: on a second day, shop time. Parts of the customers add up.
WITH ordered AS (
    SELECT coalesce(nullif(l.product_id, ''), l.sku) AS product_id, o.customer_id, o.source, o.number,
           (o.ordered_at AT TIME ZONE %(zone)s)::date AS day, sum(l.quantity) AS pieces, sum(l.share) AS revenue
    FROM users_order o JOIN users_orderline l USING (customer_id, source, number)
    WHERE o.counts AND o.ordered_at >= %(begin)s AND o.ordered_at < %(end)s
      AND o.customer_id BETWEEN %(from_id)s AND %(to_id)s
    GROUP BY 1, 2, 3, 4, 5
), bought AS (
    SELECT product_id, customer_id, count(*) AS orders, min(day) < max(day) AS again, sum(pieces) AS pieces,
           sum(revenue) AS revenue
    FROM ordered
    WHERE product_id <> ''
    GROUP BY 1, 2
)
SELECT product_id, sum(orders)::bigint,
       count(*) FILTER (WHERE gone.customer_id IS NULL), count(*) FILTER (WHERE again AND gone.customer_id IS NULL),
       sum(pieces)::bigint, coalesce(sum(revenue), 0)::bigint
FROM bought LEFT JOIN users_erasure gone USING (customer_id)
GROUP BY product_id
