-- Reach of identified customers per channel, in one pass over the contact points and one over the consents: each
-- customer is reduced to one row per channel first.
WITH point AS (
    SELECT contact.customer_id, contact.channel,
           bool_or(contact.confirmed AND contact.state IN ('unverified', 'verified')) AS usable,
           bool_or(contact.confirmed AND contact.state = 'verified') AS verified,
           bool_or(contact.state = 'bouncing') AS bouncing,
           bool_or(contact.state = 'blocked') AS blocked
    FROM users_contactpoint contact
    JOIN users_customer customer ON customer.id = contact.customer_id
    WHERE customer.identified AND customer.erased_at IS NULL
    GROUP BY contact.customer_id, contact.channel
),
state AS (
    SELECT channel, count(*) FILTER (WHERE usable) AS usable, count(*) FILTER (WHERE NOT usable) AS unusable,
           count(*) FILTER (WHERE verified) AS verified, count(*) FILTER (WHERE bouncing) AS bouncing,
           count(*) FILTER (WHERE blocked) AS blocked
    FROM point GROUP BY channel
)
SELECT channel, what, NULL::bigint AS topic_id, customers
FROM state CROSS JOIN LATERAL (
    VALUES ('usable', usable), ('unusable', unusable), ('verified', verified), ('bouncing', bouncing),
           ('blocked', blocked)
) AS figure (what, customers)
UNION ALL
SELECT point.channel, 'consented', consent.topic_id, count(*)
FROM point JOIN users_consent consent
  ON consent.customer_id = point.customer_id AND consent.channel = point.channel
 AND consent.is_current AND consent.granted
WHERE point.usable
GROUP BY point.channel, consent.topic_id
