-- The percentile by predicted value, among those who have one above zero.
CREATE UNLOGGED TABLE users_value_told AS
WITH ranked AS (
    SELECT customer_id,
           (100 * (rank() OVER (ORDER BY predicted_ltv DESC) - 1) / count(*) OVER () + 1)::smallint AS top_ltv
    FROM users_customervalue WHERE predicted_ltv > 0
)
SELECT told.*
FROM (SELECT v.customer_id, ranked.top_ltv FROM users_customervalue v LEFT JOIN ranked USING (customer_id)) AS told
JOIN users_customervalue value USING (customer_id)
WHERE {differs}
