-- The moves of the days from %(first)s to %(last)s as believed now, by day of the shop and stages, and the day each customer
-- became known. Slices of the indexes on the time of a move and on when a customer was first seen, in a job: so that the
-- number of customers in each stage at the end of any past day is a sum over a few thousand rows. Whoever was known from
-- a day on was neither seen nor active before it.
INSERT INTO users_stageflow (day, from_stage, to_stage, customers, visitors, computed_at)
SELECT day, from_stage, to_stage, count(*) FILTER (WHERE identified), count(*) FILTER (WHERE NOT identified), %(now)s
FROM (
    SELECT (move.at AT TIME ZONE %(zone)s)::date AS day, move.from_stage, move.to_stage, customer.identified
    FROM users_stagemove move JOIN users_customer customer ON customer.id = move.customer_id
    WHERE move.superseded_at IS NULL AND move.at <= %(now)s AND customer.erased_at IS NULL
      AND move.at >= %(first)s::timestamp AT TIME ZONE %(zone)s
      AND move.at < (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s
    UNION ALL
    SELECT known.day, '', 'prospect', customer.identified
    FROM users_customer customer
    JOIN users_standing standing ON standing.customer_id = customer.id
    CROSS JOIN LATERAL (
        SELECT (least(customer.first_seen_at, standing.first_activity_at, %(now)s) AT TIME ZONE %(zone)s)::date AS day
    ) AS known
    WHERE customer.erased_at IS NULL AND known.day BETWEEN %(first)s AND %(last)s
      AND customer.first_seen_at >= %(first)s::timestamp AT TIME ZONE %(zone)s
      AND coalesce(standing.first_activity_at >= %(first)s::timestamp AT TIME ZONE %(zone)s, true)
) AS flow
GROUP BY day, from_stage, to_stage
