-- Customers who used each feature (an event type that counts as activity) in a period and in the one before, by channel
-- and by whether they are known; the rows without a feature: active at all, from the customer-days. Slices of the covering
-- index on (type, time), one per type; each customer and type is counted once in each period. Channels and parts of the
-- customers share nobody, so the rows of any crowd add up.
WITH channel AS (
    SELECT own.id, coalesce(upper.slug, own.slug) AS slug
    FROM users_acquisitionchannel own LEFT JOIN users_acquisitionchannel upper ON upper.id = own.parent_id
), used AS (
    SELECT type_id, customer_id, bool_or(occurred_at >= %(begin)s) AS lately, bool_or(occurred_at < %(begin)s) AS before
    FROM users_event
    WHERE type_id = ANY(%(types)s) AND occurred_at >= %(earlier)s AND occurred_at < %(end)s AND occurred_at <= %(now)s
      AND customer_id BETWEEN %(from_id)s AND %(to_id)s
    GROUP BY type_id, customer_id
), seen AS (
    SELECT NULL::smallint AS type_id, customer_id, bool_or(day >= %(first)s), bool_or(day < %(first)s)
    FROM users_customerday
    WHERE day BETWEEN %(earliest)s AND %(last)s
      AND customer_id BETWEEN %(from_id)s AND %(to_id)s
    GROUP BY customer_id
)
SELECT used.type_id, coalesce(channel.slug, ''), customer.identified, count(*) FILTER (WHERE lately),
       count(*) FILTER (WHERE before)
FROM (SELECT * FROM used UNION ALL SELECT * FROM seen) AS used
JOIN users_customer customer ON customer.id = used.customer_id
LEFT JOIN channel ON channel.id = customer.channel_id
WHERE customer.erased_at IS NULL
GROUP BY 1, 2, 3
