-- Everything that a channel's line adds up from, and both sides of the check, in one statement: so they stand for the same
-- instant, and the lines tie to the ledger whatever arrives meanwhile. Per channel of the first touch: who registered in
-- the period, those whose day 30 has begun, those active on it or later (the last activity says that by itself); whose
-- first order that counts fell into it; what these have brought to date by shop day of the order, from the ledger. Erased
-- customers are among the buyers: the books keep their orders.
WITH buyer AS MATERIALIZED (
    SELECT standing.customer_id, customer.channel_id
    FROM users_standing standing JOIN users_customer customer ON customer.id = standing.customer_id
    WHERE standing.first_order_at >= %(begin)s AND standing.first_order_at < %(end)s
)
SELECT 'joined' AS what, customer.channel_id, NULL::text AS day, count(*),
       count(*) FILTER (WHERE joined.day + 30 <= %(today)s),
       count(*) FILTER (WHERE joined.day + 30 <= %(today)s
                        AND (standing.last_activity_at AT TIME ZONE %(zone)s)::date >= joined.day + 30)
FROM users_customer customer
JOIN users_standing standing ON standing.customer_id = customer.id
CROSS JOIN LATERAL (SELECT (customer.registered_at AT TIME ZONE %(zone)s)::date AS day) AS joined
WHERE customer.registered_at >= %(begin)s AND customer.registered_at < %(end)s
  AND customer.identified AND customer.erased_at IS NULL
GROUP BY customer.channel_id
UNION ALL
SELECT 'bought', channel_id, NULL, count(*), 0, 0 FROM buyer GROUP BY channel_id
UNION ALL
SELECT 'brought', channel_id, day::text, net, 0, 0
FROM (
    SELECT buyer.channel_id, (bought.ordered_at AT TIME ZONE %(zone)s)::date AS day, sum(bought.net)::bigint AS net
    FROM buyer JOIN users_order bought ON bought.customer_id = buyer.customer_id AND bought.counts
    GROUP BY 1, 2
) AS takings
UNION ALL
SELECT 'ledger', NULL, NULL, (SELECT coalesce(sum(net), 0) FROM users_order WHERE counts)::bigint,
       (SELECT coalesce(sum(revenue), 0) FROM users_standing
        WHERE first_order_at < %(begin)s OR first_order_at >= %(end)s)::bigint, 0
