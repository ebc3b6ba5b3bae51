-- The percentile by predicted value, among those who have one above zero.
WITH ranked AS (
    SELECT customer_id,
           (100 * (rank() OVER (ORDER BY predicted_ltv DESC) - 1) / count(*) OVER () + 1)::smallint AS top
    FROM users_customervalue WHERE predicted_ltv > 0
), changed AS (
    UPDATE users_customervalue value SET top_ltv = told.top
    FROM (SELECT v.customer_id, ranked.top FROM users_customervalue v LEFT JOIN ranked USING (customer_id)) AS told
    WHERE told.customer_id = value.customer_id AND told.top IS DISTINCT FROM value.top_ltv
    RETURNING value.customer_id
)
INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'value' FROM changed;

INSERT INTO users_cutpoint (day, figure, level, value)
SELECT %(day)s, 'top_ltv', n, min(predicted_ltv)
FROM users_customervalue JOIN unnest(%(tops)s) AS n ON top_ltv <= n
WHERE predicted_ltv > 0
GROUP BY n
ON CONFLICT (day, figure, level) DO UPDATE SET value = excluded.value
