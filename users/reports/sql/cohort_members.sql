-- Who began in the span asked for, once per customer: the day it began (the shop's zone), its cohort, the value of the
-- dimension to split by, and how many periods later the last activity was. The index on the start serves short spans.
SELECT customer.id, {start_day} AS start_day, {cohort} AS cohort, {value} AS value,
       {last_age} AS last_age
FROM users_customer customer
JOIN users_standing standing ON standing.customer_id = customer.id
WHERE {whom} AND {at} >= %(begin)s AND {at} < %(end)s
