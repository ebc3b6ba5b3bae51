-- The favourite category of one slice of customers: most order lines in 180 days, else most product views
-- (users_value_seen, gathered before); ties by the alphabet.
INSERT INTO users_value_told
WITH liked AS (
    SELECT line.customer_id, line.category, count(*) AS times
    FROM users_order o
    JOIN users_orderline line USING (customer_id, source, number)
    WHERE o.counts AND o.ordered_at >= %(half_year)s AND o.ordered_at < %(as_of)s AND line.category <> ''
      AND o.customer_id > %(after)s AND o.customer_id <= %(last)s
      AND line.customer_id > %(after)s AND line.customer_id <= %(last)s
    GROUP BY 1, 2
), bought AS (
    SELECT DISTINCT ON (customer_id) customer_id, category FROM liked ORDER BY customer_id, times DESC, category
), seen AS (
    SELECT customer_id, category, sum(times) AS times FROM users_value_seen
    WHERE customer_id > %(after)s AND customer_id <= %(last)s
    GROUP BY 1, 2
), viewed AS (
    SELECT DISTINCT ON (customer_id) customer_id, category FROM seen ORDER BY customer_id, times DESC, category
)
SELECT told.* FROM (
    SELECT v.customer_id,
           CASE WHEN c.no_profiling THEN '' ELSE coalesce(bought.category, viewed.category, '') END
               AS favourite_category
    FROM users_customervalue v
    JOIN users_customer c ON c.id = v.customer_id
    LEFT JOIN bought ON bought.customer_id = v.customer_id
    LEFT JOIN viewed ON viewed.customer_id = v.customer_id
    WHERE v.customer_id > %(after)s AND v.customer_id <= %(last)s
) AS told
JOIN users_customervalue value USING (customer_id)
WHERE {differs}
