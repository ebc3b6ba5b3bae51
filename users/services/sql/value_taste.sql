-- The favourite category: most order lines in 180 days, else most product views; ties by the alphabet. Both are
-- contiguous slices: orders by their time, views by type and time (index-only).
CREATE UNLOGGED TABLE users_value_told AS
WITH liked AS (
    SELECT line.customer_id, line.category, count(*) AS times
    FROM users_order o
    JOIN users_orderline line USING (customer_id, source, number)
    WHERE o.counts AND o.ordered_at >= %(half_year)s AND o.ordered_at < %(as_of)s AND line.category <> ''
    GROUP BY 1, 2
), bought AS (
    SELECT DISTINCT ON (customer_id) customer_id, category FROM liked ORDER BY customer_id, times DESC, category
), seen AS (
    SELECT customer_id, category, count(*) AS times
    FROM users_event
    WHERE type_id = (SELECT id FROM users_eventtype WHERE name = 'Product Viewed')
      AND occurred_at >= %(half_year)s AND occurred_at < %(as_of)s AND category <> ''
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
) AS told
JOIN users_customervalue value USING (customer_id)
WHERE {differs}
