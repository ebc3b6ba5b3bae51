-- The best hour of one slice of customers, on the customer's own clock: activity of 90 days per hour of day, smoothed by
-- giving each hour twice its own and once each neighbour's, the highest taken (ties: the earlier). Under %(few)s
-- activities: null, and the shop's own curve holds.
INSERT INTO users_value_told
WITH active AS (
    SELECT customer_id, hour, times, sum(times) OVER (PARTITION BY customer_id) AS all_times
    FROM users_value_hour WHERE customer_id > %(after)s AND customer_id <= %(last)s
), smoothed AS (
    SELECT customer_id, (hour + step + 24) %% 24 AS hour, sum(times * (2 - abs(step))) AS height
    FROM active CROSS JOIN generate_series(-1, 1) AS step
    WHERE all_times >= %(few)s
    GROUP BY 1, 2
), best AS (
    SELECT DISTINCT ON (customer_id) customer_id, hour FROM smoothed ORDER BY customer_id, height DESC, hour
)
SELECT told.*
FROM (
    SELECT v.customer_id, best.hour AS best_hour
    FROM users_customervalue v LEFT JOIN best USING (customer_id)
    WHERE v.customer_id > %(after)s AND v.customer_id <= %(last)s
) AS told
JOIN users_customervalue value USING (customer_id)
WHERE {differs}
