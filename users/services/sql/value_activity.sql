-- Activity of one stretch of time by customer and hour of day on the customer's own clock; a stretch at a time, because
-- 90 days of a large shop take longer than a task may.
INSERT INTO users_value_hour
SELECT e.customer_id,
       extract(hour FROM e.occurred_at AT TIME ZONE coalesce(zone.name, %(zone)s))::int AS hour, count(*) AS times
FROM users_event e
JOIN users_customer c ON c.id = e.customer_id AND c.identified AND NOT c.no_profiling
LEFT JOIN unnest(%(zones)s::text[]) AS zone (name) ON zone.name = c.time_zone
WHERE e.type_id IN (SELECT id FROM users_eventtype WHERE is_activity)
  AND e.occurred_at >= %(begin)s AND e.occurred_at < %(end)s
GROUP BY 1, 2
