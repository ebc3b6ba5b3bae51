-- The best hour, on the customer's own clock: activity of 90 days per hour of day, smoothed by giving each hour twice
-- its own and once each neighbour's, the highest taken (ties: the earlier). Under %(few)s activities: null, and the
-- shop's own curve, which is the sum of all, holds.
DROP TABLE IF EXISTS pg_temp.value_hour;

CREATE TEMPORARY TABLE value_hour ON COMMIT DROP AS
SELECT e.customer_id,
       extract(hour FROM e.occurred_at AT TIME ZONE coalesce(zone.name, %(zone)s))::int AS hour, count(*) AS times
FROM users_event e
JOIN users_customer c ON c.id = e.customer_id AND c.identified AND NOT c.no_profiling
LEFT JOIN unnest(%(zones)s::text[]) AS zone (name) ON zone.name = c.time_zone
WHERE e.type_id IN (SELECT id FROM users_eventtype WHERE is_activity)
  AND e.occurred_at >= %(as_of)s - interval '90 days' AND e.occurred_at < %(as_of)s
GROUP BY 1, 2;

ANALYZE value_hour;

WITH smoothed AS (
    SELECT (hour + step + 24) %% 24 AS hour, sum(times * (2 - abs(step))) AS height
    FROM value_hour CROSS JOIN generate_series(-1, 1) AS step
    GROUP BY 1
)
UPDATE users_valueday SET best_hour = (SELECT hour FROM smoothed ORDER BY height DESC, hour LIMIT 1)
WHERE day = %(day)s;

CREATE UNLOGGED TABLE users_value_told AS
WITH regular AS (
    SELECT customer_id FROM value_hour GROUP BY customer_id HAVING sum(times) >= %(few)s
), smoothed AS (
    SELECT customer_id, (hour + step + 24) %% 24 AS hour, sum(times * (2 - abs(step))) AS height
    FROM regular JOIN value_hour USING (customer_id) CROSS JOIN generate_series(-1, 1) AS step
    GROUP BY 1, 2
), best AS (
    SELECT DISTINCT ON (customer_id) customer_id, hour FROM smoothed ORDER BY customer_id, height DESC, hour
)
SELECT told.*
FROM (SELECT v.customer_id, best.hour AS best_hour FROM users_customervalue v LEFT JOIN best USING (customer_id)) AS told
JOIN users_customervalue value USING (customer_id)
WHERE {differs}
