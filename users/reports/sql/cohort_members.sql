-- Who began in the span asked for, once per customer: the day it began (the shop's zone), its cohort, the value of the
-- dimension to split by (all but the largest as one), and how many periods later the last activity was. OFFSET 0 keeps
-- the inner query whole: zone, day and value of a customer are computed once, not once per use.
SELECT id, start_day, {cohort} AS cohort, {value} AS value, {last_age} AS last_age, revenue
FROM (
    SELECT customer.id, ({at} AT TIME ZONE %(zone)s)::date AS start_day,
           (standing.last_activity_at AT TIME ZONE %(zone)s)::date AS last_day, ({raw})::text AS value,
           standing.revenue
    FROM users_customer customer
    JOIN users_standing standing ON standing.customer_id = customer.id
    WHERE {whom} AND {at} >= %(begin)s AND {at} < %(end)s
      AND customer.id BETWEEN %(from_id)s AND %(to_id)s
    OFFSET 0
) AS began
