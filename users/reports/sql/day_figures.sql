-- Figures of the days from %(first)s to today in the shop's zone. Orders that count come from the partial
-- index on ordered_at; wholly refunded ones do not count any more but were revenue of their day, and are
-- found through their refunds, which come after them.
WITH day AS (
    SELECT d::date AS day, d::timestamp AT TIME ZONE %(zone)s AS begins,
           (d + interval '1 day')::timestamp AT TIME ZONE %(zone)s AS ends
    FROM generate_series(%(first)s::date, %(today)s::date, interval '1 day') AS d
), span AS (
    SELECT min(begins) AS begins, max(ends) AS ends FROM day
), active AS (
    SELECT d.day, count(*) AS customers
    FROM users_customerday d JOIN users_customer c ON c.id = d.customer_id
    WHERE d.day BETWEEN %(first)s AND %(today)s AND c.identified AND c.erased_at IS NULL
    GROUP BY d.day
), registered AS (
    SELECT (registered_at AT TIME ZONE %(zone)s)::date AS day, count(*) AS customers
    FROM users_customer, span
    WHERE registered_at >= span.begins AND registered_at < span.ends AND erased_at IS NULL
    GROUP BY 1
), counting AS (
    SELECT (o.ordered_at AT TIME ZONE %(zone)s)::date AS day, count(*) AS orders,
           sum(round((o.total - o.tax - o.shipping) * o.rate)) AS revenue
    FROM users_order o, span
    WHERE o.counts AND o.ordered_at >= span.begins AND o.ordered_at < span.ends
    GROUP BY 1
), given_back AS (
    SELECT (r.refunded_at AT TIME ZONE %(zone)s)::date AS day, r.customer_id, r.source, r.number, r.net
    FROM users_refund r, span
    WHERE r.confirmed AND r.refunded_at >= span.begins AND r.refunded_at < span.ends
), refunded AS (
    SELECT g.day, sum(g.net) AS amount
    FROM given_back g JOIN users_order o USING (customer_id, source, number)
    WHERE o.confirmed AND o.cancelled_at IS NULL
    GROUP BY g.day
), undone AS (
    SELECT (o.ordered_at AT TIME ZONE %(zone)s)::date AS day, sum(round((o.total - o.tax - o.shipping) * o.rate)) AS revenue
    FROM users_order o, span
    WHERE NOT o.counts AND o.confirmed AND o.paid_at IS NOT NULL AND o.cancelled_at IS NULL
      AND o.ordered_at >= span.begins AND o.ordered_at < span.ends
      AND (o.customer_id, o.source, o.number) IN (SELECT customer_id, source, number FROM given_back)
    GROUP BY 1
)
INSERT INTO users_dayfigures (day, active, registered, orders, revenue, computed_at)
SELECT day, coalesce(active.customers, 0), coalesce(registered.customers, 0), coalesce(counting.orders, 0),
       coalesce(counting.revenue, 0) + coalesce(undone.revenue, 0) - coalesce(refunded.amount, 0), %(now)s
FROM day LEFT JOIN active USING (day) LEFT JOIN registered USING (day) LEFT JOIN counting USING (day)
     LEFT JOIN refunded USING (day) LEFT JOIN undone USING (day)
ON CONFLICT (day) DO UPDATE SET active = excluded.active, registered = excluded.registered,
    orders = excluded.orders, revenue = excluded.revenue, computed_at = excluded.computed_at
