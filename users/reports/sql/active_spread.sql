-- On how many of the 28 days ending with %(day)s the customers were active, by channel: a slice of the index on the day.
WITH person AS (
    SELECT customer_id, count(*) AS days
    FROM users_customerday WHERE day BETWEEN %(day)s::date - 27 AND %(day)s
    GROUP BY customer_id
), counted AS (
    SELECT coalesce(upper.slug, own.slug, '') AS channel, identified, days, count(*) AS customers
    FROM person
    JOIN users_customer customer ON customer.id = person.customer_id AND customer.erased_at IS NULL
    LEFT JOIN users_acquisitionchannel own ON own.id = customer.channel_id
    LEFT JOIN users_acquisitionchannel upper ON upper.id = own.parent_id
    GROUP BY 1, 2, 3
)
UPDATE users_activefigures figures
SET spread = (
    SELECT coalesce(jsonb_object_agg(days::text, customers), '{}')
    FROM counted
    WHERE counted.channel = figures.channel AND counted.identified = figures.identified
)
WHERE figures.day = %(day)s
