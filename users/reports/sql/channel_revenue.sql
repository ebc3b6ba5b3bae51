-- What those customers' orders have brought to date, per channel and shop day of the order, straight from the ledger.
WITH buyer AS MATERIALIZED (
    SELECT standing.customer_id, customer.channel_id
    FROM users_standing standing JOIN users_customer customer ON customer.id = standing.customer_id
    WHERE standing.first_order_at >= %(begin)s AND standing.first_order_at < %(end)s
)
SELECT buyer.channel_id, (bought.ordered_at AT TIME ZONE %(zone)s)::date AS day, sum(bought.net)::bigint
FROM buyer JOIN users_order bought ON bought.customer_id = buyer.customer_id AND bought.counts
GROUP BY 1, 2
ORDER BY 2
