-- Who was active on each day from %(first)s to %(last)s (at most 30 days) and in the 7 and 30 days ending with it, by
-- channel; and on how many of the 28 days ending with %(spread_day)s. A customer's days, from 29 before the first, are the
-- bits of one number: copied upwards over themselves by 7 and by 30 places they say in which windows the customer is,
-- so that one look at each customer-day counts all of it without sorting, and customers with the same bits are counted
-- together. Known by a day: everybody less those first seen after it, who are few where the days are recent.
-- OFFSET 0 keeps each step of the copying: written out into the next it would be computed for every use of it.
WITH person AS MATERIALIZED (
    SELECT customer.channel_id, customer.identified, d1, d4 | (d4 << 3) AS d7
    FROM (
        SELECT customer_id, d1, d2 | (d2 << 2) AS d4
        FROM (
            SELECT customer_id, d1, d1 | (d1 << 1) AS d2
            FROM (
                SELECT customer_id, bit_or(1::bigint << (day - (%(first)s::date - 29))) AS d1
                FROM users_customerday WHERE day BETWEEN %(first)s::date - 29 AND %(last)s
                GROUP BY customer_id OFFSET 0
            ) AS one OFFSET 0
        ) AS two OFFSET 0
    ) AS four
    JOIN users_customer customer ON customer.id = four.customer_id AND customer.erased_at IS NULL
), alike AS MATERIALIZED (
    SELECT channel_id, identified, d1 >> 29 AS active, d7 >> 29 AS weekly, (d28 | (d28 << 2)) >> 29 AS monthly,
           count(*)::int AS customers
    FROM (
        SELECT channel_id, identified, d1, d7, d14 | (d14 << 14) AS d28
        FROM (SELECT channel_id, identified, d1, d7, d7 | (d7 << 7) AS d14 FROM person OFFSET 0) AS fourteen OFFSET 0
    ) AS twentyeight
    GROUP BY 1, 2, 3, 4, 5
), day AS (
    SELECT %(first)s::date + place AS day, place
    FROM generate_series(0, %(last)s::date - %(first)s::date) AS place
), counted AS (
    SELECT day, channel_id, identified, sum(customers) FILTER (WHERE active >> place & 1 = 1) AS active,
           sum(customers) FILTER (WHERE weekly >> place & 1 = 1) AS weekly,
           sum(customers) FILTER (WHERE monthly >> place & 1 = 1) AS monthly, 0 AS known
    FROM alike CROSS JOIN day
    GROUP BY 1, 2, 3
), everybody AS MATERIALIZED (
    SELECT channel_id, identified, count(*) AS customers
    FROM users_customer WHERE erased_at IS NULL GROUP BY 1, 2
), later AS MATERIALIZED (
    SELECT (least(customer.first_seen_at, standing.first_activity_at, %(now)s) AT TIME ZONE %(zone)s)::date AS since,
           channel_id, identified, count(*) AS customers
    FROM users_customer customer
    JOIN users_standing standing ON standing.customer_id = customer.id
    WHERE customer.erased_at IS NULL AND customer.first_seen_at >= (%(first)s::date + 1)::timestamp AT TIME ZONE %(zone)s
      AND coalesce(standing.first_activity_at >= (%(first)s::date + 1)::timestamp AT TIME ZONE %(zone)s, true)
    GROUP BY 1, 2, 3
), summed AS (
    SELECT day, coalesce(upper.slug, own.slug, '') AS channel, identified, coalesce(sum(active), 0) AS active,
           coalesce(sum(weekly), 0) AS weekly, coalesce(sum(monthly), 0) AS monthly, sum(known) AS known
    FROM (
        SELECT * FROM counted
        UNION ALL SELECT day, channel_id, identified, 0, 0, 0, customers FROM everybody CROSS JOIN day
        UNION ALL SELECT day, channel_id, identified, 0, 0, 0, -customers FROM later JOIN day ON later.since > day.day
    ) AS part
    LEFT JOIN users_acquisitionchannel own ON own.id = part.channel_id
    LEFT JOIN users_acquisitionchannel upper ON upper.id = own.parent_id
    GROUP BY 1, 2, 3
    HAVING sum(known) > 0
), spread AS (
    SELECT channel, identified, jsonb_object_agg(days::text, customers) AS spread
    FROM (
        SELECT coalesce(upper.slug, own.slug, '') AS channel, identified, days, sum(customers) AS customers
        FROM (
            SELECT channel_id, identified, count(*)::int AS customers,
                   bit_count((d1 >> (%(spread_day)s::date - %(first)s::date + 2) & ((1 << 28) - 1))::bit(28)) AS days
            FROM person
            WHERE %(spread_day)s::date BETWEEN %(first)s AND %(last)s
            GROUP BY 1, 2, 4
        ) AS by_days
        LEFT JOIN users_acquisitionchannel own ON own.id = by_days.channel_id
        LEFT JOIN users_acquisitionchannel upper ON upper.id = own.parent_id
        WHERE days > 0
        GROUP BY 1, 2, 3
    ) AS by_channel
    GROUP BY 1, 2
)
INSERT INTO users_activefigures (day, channel, identified, active, weekly, monthly, known, spread, computed_at)
SELECT day, channel, identified, active, weekly, monthly, known,
       CASE WHEN day = %(spread_day)s::date THEN coalesce(spread.spread, '{}') END, %(now)s
FROM summed LEFT JOIN spread USING (channel, identified)
