-- Events in time order over 365 days. Customers are drawn as n·u³, so that the most active hundredth brings a
-- fifth of them; the product with a prime spreads the busy ones over the ids.
INSERT INTO users_event (
    customer_id, message_id, type_id, occurred_at, received_at, confirmed, category, value, properties
)
SELECT 1 + (floor(%(customers)s * u ^ 3)::bigint * 15485863) %% %(customers)s,
       'e' || n, t.id, at, at, true, category,
       CASE WHEN t.name = 'Order Completed' THEN price END,
       jsonb_build_object('product_id', 'p' || product, 'category', category, 'price', price)
FROM (
    SELECT n, random() AS u, random() AS kind,
           now() - interval '365 days' * (1 - n / %(events)s::float8) AS at,
           floor(2000 * random() ^ 2)::int AS product,
           (ARRAY['Jazz', 'Rock', 'Classical', 'Pop', 'Folk', 'Electronic', 'Soul', 'World', 'Film'])
               [1 + floor(9 * random() ^ 1.5)::int] AS category,
           round((8 + 92 * random() ^ 2)::numeric, 2) AS price
    FROM generate_series(1, %(events)s) AS n
) drawn
JOIN users_eventtype t ON t.name = CASE
    WHEN kind < 0.60 THEN 'Product Viewed'
    WHEN kind < 0.80 THEN 'Page Viewed'
    WHEN kind < 0.88 THEN 'Product Added'
    WHEN kind < 0.92 THEN 'Checkout Started'
    WHEN kind < 0.95 THEN 'Products Searched'
    ELSE 'Order Completed'
END
