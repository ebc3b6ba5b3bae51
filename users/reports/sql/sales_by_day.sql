-- Net revenue per day, source and whether the customer is known: an order on its own day, a refund on its own.
-- Orders that count come from the partial index on ordered_at; wholly refunded ones were revenue of their day and
-- are found through their refunds, which come after them. Parts of the customers add up.
WITH sold AS (
    SELECT o.customer_id, o.source, o.number, o.ordered_at, o.total, o.tax, o.shipping, o.rate, o.counts
    FROM users_order o
    WHERE o.counts AND o.ordered_at >= %(begin)s AND o.ordered_at < %(end)s
      AND o.customer_id BETWEEN %(from_id)s AND %(to_id)s
    UNION ALL
    SELECT DISTINCT o.customer_id, o.source, o.number, o.ordered_at, o.total, o.tax, o.shipping, o.rate, o.counts
    FROM users_refund r JOIN users_order o USING (customer_id, source, number)
    WHERE r.refunded_at >= %(begin)s AND NOT o.counts AND o.confirmed AND o.paid_at IS NOT NULL
      AND o.cancelled_at IS NULL AND o.ordered_at >= %(begin)s AND o.ordered_at < %(end)s
      AND r.customer_id BETWEEN %(from_id)s AND %(to_id)s
), booked AS (
    SELECT (ordered_at AT TIME ZONE %(zone)s)::date AS day, customer_id, source,
           round((total - tax - shipping) * rate)::bigint AS amount, 0::bigint AS refunded, counts::integer AS orders
    FROM sold
    UNION ALL
    SELECT (r.refunded_at AT TIME ZONE %(zone)s)::date, r.customer_id, r.source, -r.net, r.net, 0
    FROM users_refund r JOIN users_order o USING (customer_id, source, number)
    WHERE r.confirmed AND r.refunded_at >= %(begin)s AND r.refunded_at < %(end)s
      AND o.confirmed AND o.cancelled_at IS NULL
      AND r.customer_id BETWEEN %(from_id)s AND %(to_id)s
)
SELECT booked.day::text, booked.source, customer.identified, sum(booked.amount)::bigint, sum(booked.orders)::bigint,
       sum(booked.refunded)::bigint
FROM booked JOIN users_customer customer ON customer.id = booked.customer_id
GROUP BY 1, 2, 3
