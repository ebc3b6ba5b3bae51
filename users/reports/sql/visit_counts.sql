-- The visits of a period by channel and by whether the customer is known, counted by length in seconds, by events and by
-- pages, those that are over and those that are not apart; and the customers with one that is over. Channels and parts of
-- the customers share no visit, so the rows of any crowd add up. The customers are materialized because the planner takes
-- the visits for a few hundred and would look up the customer of each of a million.
, person AS MATERIALIZED (
    SELECT customer.id, coalesce(upper.slug, own.slug, '') AS channel, customer.identified
    FROM users_customer customer
    LEFT JOIN users_acquisitionchannel own ON own.id = customer.channel_id
    LEFT JOIN users_acquisitionchannel upper ON upper.id = own.parent_id
    WHERE customer.erased_at IS NULL AND customer.id BETWEEN %(from_id)s AND %(to_id)s
), measured AS (
    SELECT visit.customer_id, person.channel, person.identified,
           floor(extract(epoch FROM visit.ended - visit.began))::integer AS seconds,
           visit.events::integer, visit.pages::integer,
           visit.ended + interval '30 minutes' <= least(%(now)s, %(upto)s) AS over
    FROM visit JOIN person ON person.id = visit.customer_id
)
SELECT channel, identified,
       CASE WHEN GROUPING(seconds) = 0 THEN 'seconds' WHEN GROUPING(events) = 0 THEN 'events' ELSE 'pages' END,
       coalesce(seconds, events, pages), over, count(*)
FROM measured
GROUP BY channel, identified, GROUPING SETS ((over, seconds), (over, events), (over, pages))
UNION ALL
SELECT channel, identified, 'customers', 0, true, count(*)
FROM (SELECT channel, identified, customer_id FROM measured WHERE over GROUP BY 1, 2, 3) AS visitor
GROUP BY channel, identified
