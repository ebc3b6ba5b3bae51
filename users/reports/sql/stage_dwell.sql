-- How long the stays lasted that began in a period, in whole days; those that go on are counted up to now.
-- Parts of the customers add up.
WITH stay AS (
    SELECT customer_id, to_stage AS stage, at,
           lead(at) OVER (PARTITION BY customer_id ORDER BY at) AS ended
    FROM users_stagemove
    WHERE superseded_at IS NULL AND at >= %(begin)s AND at <= %(now)s
      AND customer_id BETWEEN %(from_id)s AND %(to_id)s
)
SELECT stage, stay.ended IS NOT NULL,
       floor(extract(epoch FROM coalesce(stay.ended, %(now)s::timestamptz) - stay.at) / 86400)::integer,
       count(*)
FROM stay JOIN users_customer customer ON customer.id = stay.customer_id
WHERE stay.at < %(end)s AND customer.identified AND customer.erased_at IS NULL
GROUP BY 1, 2, 3
