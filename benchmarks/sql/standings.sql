-- Running figures; the stages follow from them by the product's own statement.
INSERT INTO users_standing (
    customer_id, stage, first_activity_at, last_activity_at, run_started_at, active_days, orders, revenue,
    first_order_at, last_order_at
)
SELECT c.id, 'prospect', d.first_at, d.last_at, d.first_at, coalesce(d.days, 0), coalesce(o.orders, 0),
       coalesce(o.revenue, 0), o.first_at, o.last_at
FROM users_customer c
LEFT JOIN (
    SELECT customer_id, min(first_at) AS first_at, max(last_at) AS last_at, count(*) AS days
    FROM users_customerday GROUP BY 1
) d ON d.customer_id = c.id
LEFT JOIN (
    SELECT customer_id, count(*) AS orders, sum(net) AS revenue, min(ordered_at) AS first_at,
           max(ordered_at) AS last_at
    FROM users_order WHERE counts GROUP BY 1
) o ON o.customer_id = c.id
