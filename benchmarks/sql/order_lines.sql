INSERT INTO users_orderline (
    customer_id, source, number, line, product_id, sku, name, category, quantity, price, amount, share,
    sold_at
)
SELECT o.customer_id, o.source, o.number, line, e.properties ->> 'product_id', '', 'Record', e.category, 1,
       o.total / 2, o.total / 2, o.net / 2 + (2 - line) * (o.net %% 2), CASE WHEN o.counts THEN o.ordered_at END
FROM users_order o
JOIN users_event e ON e.customer_id = o.customer_id AND e.message_id = o.number
CROSS JOIN generate_series(1, 2) AS line
ORDER BY o.ordered_at
