-- Which category was bought on which day, and which purchase of the customer that day was, of one slice of customers; the
-- repurchase figures read it several times. And how many of the slice bought a category on the purchase that directly
-- follows one of another (without a category: any): counted slice by slice, because beside themselves the purchases of a
-- million customers took half a minute. Nobody is in two slices, so the counts add up. A purchase stands beside the next one
-- by a window, not by a join: of what it has just inserted the planner knows no size, and may loop over all pairs of rows.
WITH bought AS (
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
    RETURNING customer_id, category, purchase
), purchase AS (
    SELECT customer_id, purchase, array_agg(category) AS categories FROM bought GROUP BY customer_id, purchase
), beside AS (
    SELECT customer_id, categories, lead(categories) OVER (PARTITION BY customer_id ORDER BY purchase) AS later
    FROM purchase
), pair AS (
    SELECT DISTINCT customer_id, category, following
    FROM beside CROSS JOIN unnest(categories) AS category CROSS JOIN unnest(later) AS following
)
INSERT INTO users_value_next (category, following, customers)
SELECT category, following, count(*) FROM pair GROUP BY category, following
UNION ALL
SELECT category, NULL, count(DISTINCT customer_id) FROM pair GROUP BY category
