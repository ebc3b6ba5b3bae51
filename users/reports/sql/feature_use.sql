-- Customers who used each feature (an event type that counts as activity) in a period and in the one before. Slices of
-- the covering index on (type, time), one per type; each customer and type is counted once in each period.
WITH used AS (
    SELECT type_id, customer_id, bool_or(occurred_at >= %(begin)s) AS lately, bool_or(occurred_at < %(begin)s) AS before
    FROM users_event
    WHERE type_id = ANY(%(types)s) AND occurred_at >= %(earlier)s AND occurred_at < %(end)s AND occurred_at <= %(now)s
    GROUP BY type_id, customer_id
)
SELECT type_id, count(*) FILTER (WHERE lately), count(*) FILTER (WHERE before)
FROM used JOIN users_customer customer ON customer.id = used.customer_id
WHERE customer.erased_at IS NULL /* crowd */
GROUP BY type_id
