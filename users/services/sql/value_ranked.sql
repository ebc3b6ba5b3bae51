-- The percentile by predicted value, among all who have one above zero.
DROP TABLE IF EXISTS users_value_ranked;

CREATE UNLOGGED TABLE users_value_ranked AS
SELECT customer_id,
       (100 * (rank() OVER (ORDER BY predicted_ltv DESC) - 1) / count(*) OVER () + 1)::smallint AS top_ltv
FROM users_customervalue WHERE predicted_ltv > 0;

ALTER TABLE users_value_ranked ADD PRIMARY KEY (customer_id);

ANALYZE users_value_ranked
