-- Which category was bought on which day, and which purchase of the customer that day was; the repurchase figures
-- read it several times.
DROP TABLE IF EXISTS users_value_bought;

CREATE UNLOGGED TABLE users_value_bought AS
SELECT customer_id, day, category, dense_rank() OVER (PARTITION BY customer_id ORDER BY day) AS purchase
FROM (
    SELECT DISTINCT line.customer_id, (o.ordered_at AT TIME ZONE %(zone)s)::date AS day, line.category
    FROM users_order o
    JOIN users_orderline line USING (customer_id, source, number)
    JOIN users_customervalue value ON value.customer_id = o.customer_id
    WHERE o.counts AND o.ordered_at < %(as_of)s AND line.category <> ''
) AS once;

ANALYZE users_value_bought
