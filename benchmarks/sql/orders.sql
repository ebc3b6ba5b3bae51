WITH orders AS (
    SELECT customer_id, message_id AS number, occurred_at AS at, (value * 100)::bigint AS cents
    FROM users_event
    WHERE type_id = (SELECT id FROM users_eventtype WHERE name = 'Order Completed')
), keys AS (
    INSERT INTO users_orderkey (source, number, customer_id)
    SELECT 'bench', number, customer_id FROM orders
)
INSERT INTO users_order (
    customer_id, source, number, ordered_at, paid_at, cancelled_at, confirmed, currency, total, tax, shipping,
    discount, refunded, net, coupon, counts, is_history
)
SELECT customer_id, 'bench', number, at, at, NULL, true, 'USD', cents, 0, 0, 0, 0, cents, '', true, true
FROM orders
ORDER BY at
