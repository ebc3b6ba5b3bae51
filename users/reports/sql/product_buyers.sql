-- Who bought a product in each of some windows that end together, and who on a second day of the window: one pass over
-- the index on product and time gives each buyer's days; they are few. Tombstones of erased customers are nobody.
WITH sold AS MATERIALIZED (
    SELECT DISTINCT customer_id, (sold_at AT TIME ZONE %(zone)s)::date AS day
    FROM users_orderline
    WHERE coalesce(nullif(product_id, ''), sku) = %(product)s AND sold_at >= %(begin)s AND sold_at < %(end)s
), buyer AS (
    SELECT span.since, customer_id, count(*) > 1 AS again
    FROM unnest(%(since)s::date[]) AS span (since) JOIN sold ON sold.day >= span.since
    WHERE NOT EXISTS (SELECT FROM users_erasure gone WHERE gone.customer_id = sold.customer_id)
    GROUP BY span.since, customer_id
)
SELECT since, count(*), count(*) FILTER (WHERE again) FROM buyer GROUP BY since
