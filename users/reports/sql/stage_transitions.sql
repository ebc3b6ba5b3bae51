-- Where the identified customers stood when a period began and when it ended, each once. The first move of the period
-- tells the beginning and its last one the end; who did not move in it stood where the next move began, or
-- stands there still. "" : not known yet when the period began. Parts of the customers add up.
WITH slice AS (
    SELECT customer_id, at, from_stage, to_stage
    FROM users_stagemove
    WHERE superseded_at IS NULL AND at >= %(begin)s AND at <= %(now)s
      AND customer_id BETWEEN %(from_id)s AND %(to_id)s
), mover AS (
    SELECT customer_id,
           (array_agg(from_stage ORDER BY at))[1] AS start,
           (array_agg(to_stage ORDER BY at DESC) FILTER (WHERE at < %(end)s))[1] AS finish
    FROM slice GROUP BY customer_id
)
SELECT CASE WHEN known.at >= %(begin)s THEN '' ELSE coalesce(mover.start, standing.stage) END AS start,
       coalesce(mover.finish, mover.start, standing.stage) AS finish,
       count(*)
FROM users_customer customer
JOIN users_standing standing ON standing.customer_id = customer.id
CROSS JOIN LATERAL (SELECT least(customer.first_seen_at, standing.first_activity_at) AS at) AS known
LEFT JOIN mover ON mover.customer_id = customer.id
WHERE customer.identified AND customer.erased_at IS NULL AND known.at < %(end)s
  AND customer.id BETWEEN %(from_id)s AND %(to_id)s
GROUP BY 1, 2
