-- The running order figures of customers, from scratch: a customer has few orders, and a sum taken anew cannot drift.
UPDATE users_standing standing
SET orders = figures.orders, revenue = figures.revenue,
    first_order_at = figures.first_at, last_order_at = figures.last_at
FROM (
    SELECT changed.customer_id, count(counting.number) AS orders, coalesce(sum(counting.net), 0) AS revenue,
           min(counting.ordered_at) AS first_at, max(counting.ordered_at) AS last_at
    FROM unnest(%(ids)s::bigint[]) AS changed (customer_id)
    LEFT JOIN users_order counting ON counting.customer_id = changed.customer_id AND counting.counts
    GROUP BY changed.customer_id
) AS figures
WHERE standing.customer_id = figures.customer_id
