-- Silences of identified customers by id, counted by whole days in the three ways that users/thresholds.py needs.
-- One pass over the customer-days of a slice of customers, in the order of the primary key (no sort); the counts
-- of all slices add up.
WITH silence AS (
    SELECT day.last_at AS began,
           lead(day.first_at) OVER (PARTITION BY day.customer_id ORDER BY day.day) AS ended
    FROM users_customerday day
    JOIN users_customer customer ON customer.id = day.customer_id
    WHERE day.customer_id > %(after)s AND day.customer_id <= %(upto)s
      AND customer.identified AND customer.erased_at IS NULL
), measured AS (
    SELECT extract(epoch FROM ended - began) / 86400 AS length, extract(epoch FROM %(now)s::timestamptz - began) / 86400 AS age
    FROM silence
)
SELECT counted.kind, counted.days::integer, count(*)
FROM measured
CROSS JOIN LATERAL (
    VALUES
    ('closed', floor(length + 0.5), age >= 365 AND length <= 365),
    ('reached', floor(least(length, age - 180)), age >= 180),
    ('stayed', floor(least(length, age)) - 180, least(length, age) >= 180)
) AS counted (kind, days, holds)
WHERE counted.holds
GROUP BY counted.kind, counted.days
