-- What else stands in the orders of a product: its orders from the index on product and time, their other lines by key.
-- An order counts once for each other product, however many lines name it.
WITH bought AS MATERIALIZED (
    SELECT DISTINCT customer_id, source, number
    FROM users_orderline
    WHERE coalesce(nullif(product_id, ''), sku) = %(product)s AND sold_at >= %(begin)s AND sold_at < %(end)s
), beside AS (
    SELECT DISTINCT customer_id, source, number, coalesce(nullif(other.product_id, ''), other.sku) AS product_id
    FROM bought JOIN users_orderline other USING (customer_id, source, number)
)
SELECT product_id, count(*), count(DISTINCT customer_id) FILTER (WHERE gone.customer_id IS NULL),
       (SELECT count(*) FROM bought)
FROM beside LEFT JOIN users_erasure gone USING (customer_id)
WHERE product_id <> '' AND product_id <> %(product)s
GROUP BY product_id
ORDER BY 2 DESC, product_id
LIMIT %(most)s
