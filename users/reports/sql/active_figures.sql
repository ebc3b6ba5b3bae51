-- Customers active in the 7 and 30 days ending today: a slice of the index on the last activity.
UPDATE users_dayfigures SET weekly = figure.weekly, monthly = figure.monthly
FROM (
    SELECT count(*) FILTER (WHERE s.last_activity_at >= (%(today)s::date - 6)::timestamp AT TIME ZONE %(zone)s)
               AS weekly,
           count(*) AS monthly
    FROM users_standing s JOIN users_customer c ON c.id = s.customer_id
    WHERE s.last_activity_at >= (%(today)s::date - 29)::timestamp AT TIME ZONE %(zone)s
      AND s.last_activity_at <= %(now)s AND c.identified AND c.erased_at IS NULL
) AS figure
WHERE day = %(today)s
