-- Who was active on each day from %(first)s to %(last)s and in the 7 and 30 days ending with it, by channel. A customer
-- is among the 30 from an active day on until 30 days later or the next active day, whichever is sooner: so one
-- look at each customer-day beside the next one gives every day's distinct customers, without counting any window.
WITH following AS (
    SELECT customer_id, day, lead(day) OVER (PARTITION BY customer_id ORDER BY day) AS next_day
    FROM users_customerday
    WHERE day BETWEEN %(first)s::date - 29 AND %(last)s
), channel AS (
    SELECT own.id, coalesce(upper.slug, own.slug) AS slug
    FROM users_acquisitionchannel own LEFT JOIN users_acquisitionchannel upper ON upper.id = own.parent_id
), counted AS MATERIALIZED (
    SELECT day, next_day, coalesce(channel.slug, '') AS channel, identified, count(*) AS customers
    FROM following
    JOIN users_customer customer ON customer.id = following.customer_id AND customer.erased_at IS NULL
    LEFT JOIN channel ON channel.id = customer.channel_id
    GROUP BY 1, 2, 3, 4
), change AS (
    SELECT day, channel, identified, customers AS active, customers AS weekly, customers AS monthly, 0 AS known
    FROM counted
    UNION ALL
    SELECT least(day + 7, next_day), channel, identified, 0, -customers, 0, 0 FROM counted
    UNION ALL
    SELECT least(day + 30, next_day), channel, identified, 0, 0, -customers, 0 FROM counted
    UNION ALL
    SELECT greatest(
               (least(customer.first_seen_at, standing.first_activity_at, %(now)s) AT TIME ZONE %(zone)s)::date,
               %(first)s::date - 29
           ), coalesce(channel.slug, ''), identified, 0, 0, 0, count(*)
    FROM users_customer customer
    JOIN users_standing standing ON standing.customer_id = customer.id
    LEFT JOIN channel ON channel.id = customer.channel_id
    WHERE customer.erased_at IS NULL
    GROUP BY 1, 2, 3
), grid AS (
    SELECT day::date AS day, channel, identified
    FROM generate_series(%(first)s::date - 29, %(last)s::date, interval '1 day') AS day
    CROSS JOIN (SELECT DISTINCT channel, identified FROM change) AS part
), running AS (
    SELECT day, channel, identified, coalesce(sum(active), 0) AS active,
           sum(coalesce(sum(weekly), 0)) OVER upto AS weekly,
           sum(coalesce(sum(monthly), 0)) OVER upto AS monthly,
           sum(coalesce(sum(known), 0)) OVER upto AS known
    FROM grid LEFT JOIN change USING (day, channel, identified)
    GROUP BY day, channel, identified
    WINDOW upto AS (PARTITION BY channel, identified ORDER BY day)
)
INSERT INTO users_activefigures (day, channel, identified, active, weekly, monthly, known, computed_at)
SELECT day, channel, identified, active, weekly, monthly, known, %(now)s
FROM running
WHERE day >= %(first)s AND known > 0
