-- Which category was bought on which day, and which purchase of the customer that day was, of one slice of customers; the
-- repurchase figures read it several times.
INSERT INTO users_value_bought
SELECT customer_id, day, category, dense_rank() OVER (PARTITION BY customer_id ORDER BY day) AS purchase
FROM (
    SELECT DISTINCT line.customer_id, (o.ordered_at AT TIME ZONE %(zone)s)::date AS day, line.category
    FROM users_order o
    JOIN users_orderline line USING (customer_id, source, number)
    JOIN users_customervalue value ON value.customer_id = o.customer_id
    WHERE o.counts AND o.ordered_at < %(as_of)s AND line.category <> ''
      AND o.customer_id > %(after)s AND o.customer_id <= %(last)s
      AND line.customer_id > %(after)s AND line.customer_id <= %(last)s
) AS once
