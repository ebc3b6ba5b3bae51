-- One slice of customers: the predictions computed for them (temporary table value_guess), the weights lent by the
-- apps on top of the churn risk, and the rows that differ.
DROP TABLE IF EXISTS pg_temp.value_weight;

CREATE TEMPORARY TABLE value_weight ON COMMIT DROP AS
SELECT customer_id, sum(points)::int AS points, jsonb_agg(name ORDER BY name) AS names
FROM (
    SELECT DISTINCT customer_id, name, points FROM ({weights}) AS every (customer_id, name, points)
    WHERE customer_id > %(after)s AND customer_id <= %(last)s
) AS weighing
GROUP BY customer_id;

WITH changed AS (
    UPDATE users_customervalue value
    SET expected_orders = told.orders, expected_value = told.per_order, predicted_ltv = told.ltv,
        p_alive = told.alive, churn_risk = told.risk, churn_reasons = told.reasons
    FROM (
        SELECT guess.customer_id, guess.orders, guess.per_order, guess.ltv, guess.alive,
               CASE WHEN guess.risk IS NULL THEN NULL
                    ELSE least(100, guess.risk + coalesce(weight.points, 0)) END::smallint AS risk,
               CASE WHEN guess.risk IS NULL THEN '[]' ELSE coalesce(weight.names, '[]') END AS reasons
        FROM value_guess guess LEFT JOIN value_weight weight USING (customer_id)
    ) AS told
    WHERE told.customer_id = value.customer_id
      AND (value.expected_orders, value.expected_value, value.predicted_ltv, value.p_alive, value.churn_risk,
           value.churn_reasons)
          IS DISTINCT FROM (told.orders, told.per_order, told.ltv, told.alive, told.risk, told.reasons)
    RETURNING value.customer_id
)
INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'value' FROM changed;

DROP TABLE value_weight;

DROP TABLE value_guess
