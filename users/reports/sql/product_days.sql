-- A product day by day, shop time, from the index on product and time alone. ``unknown``: pieces whose part of the
-- order is not known.
SELECT (sold_at AT TIME ZONE %(zone)s)::date AS day, sum(quantity)::bigint, coalesce(sum(share), 0)::bigint,
       coalesce(sum(quantity) FILTER (WHERE share IS NULL), 0)::bigint AS unknown
FROM users_orderline
WHERE coalesce(nullif(product_id, ''), sku) = %(product)s AND sold_at >= %(begin)s AND sold_at < %(end)s
GROUP BY 1
