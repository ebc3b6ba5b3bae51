-- The visits of a period by channel and by whether the customer is known, counted by length in seconds, by events and by
-- pages, those that are over and those that are not apart; and the customers with one that is over. Channels and parts of
-- the customers share no visit, so the rows of any crowd add up.
, channel AS (
    SELECT own.id, coalesce(upper.slug, own.slug) AS slug
    FROM users_acquisitionchannel own LEFT JOIN users_acquisitionchannel upper ON upper.id = own.parent_id
), measured AS (
    SELECT visit.customer_id, coalesce(channel.slug, '') AS channel, customer.identified,
           floor(extract(epoch FROM visit.ended - visit.began))::integer AS seconds,
           visit.events::integer, visit.pages::integer,
           visit.ended + interval '30 minutes' <= least(%(now)s, %(upto)s) AS over
    FROM visit JOIN users_customer customer ON customer.id = visit.customer_id
    LEFT JOIN channel ON channel.id = customer.channel_id
    WHERE customer.erased_at IS NULL
)
SELECT channel, identified,
       CASE WHEN GROUPING(seconds) = 0 THEN 'seconds' WHEN GROUPING(events) = 0 THEN 'events' ELSE 'pages' END,
       coalesce(seconds, events, pages), over, count(*)
FROM measured
GROUP BY channel, identified, GROUPING SETS ((over, seconds), (over, events), (over, pages))
UNION ALL
SELECT channel, identified, 'customers', 0, true, count(DISTINCT customer_id)
FROM measured WHERE over GROUP BY channel, identified
