-- Who registered in the period, per channel: all, those whose day 30 has begun, those active on it or later. The last
-- activity says that by itself, so no day of anybody is read.
SELECT customer.channel_id, count(*),
       count(*) FILTER (WHERE joined.day + 30 <= %(today)s),
       count(*) FILTER (WHERE joined.day + 30 <= %(today)s
                        AND (standing.last_activity_at AT TIME ZONE %(zone)s)::date >= joined.day + 30)
FROM users_customer customer
JOIN users_standing standing ON standing.customer_id = customer.id
CROSS JOIN LATERAL (SELECT (customer.registered_at AT TIME ZONE %(zone)s)::date AS day) AS joined
WHERE customer.registered_at >= %(begin)s AND customer.registered_at < %(end)s
  AND customer.identified AND customer.erased_at IS NULL
GROUP BY customer.channel_id
