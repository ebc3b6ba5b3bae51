-- One slice of customers: what each has bought, first per customer and shop day, then per customer. In slices, because
-- at two million orders this takes half of what a task may take.
INSERT INTO users_value_buyer
WITH purchase AS (
    SELECT o.customer_id, (o.ordered_at AT TIME ZONE %(zone)s)::date AS day,
           count(*) AS orders, sum(o.net)::bigint AS net, max(o.ordered_at) AS last_at,
           count(*) FILTER (WHERE o.ordered_at >= %(window)s) AS orders_window,
           coalesce(sum(o.net) FILTER (WHERE o.ordered_at >= %(window)s), 0)::bigint AS net_window,
           coalesce(sum(o.net) FILTER (WHERE o.ordered_at >= %(year)s), 0)::bigint AS revenue_year,
           count(*) FILTER (WHERE o.ordered_at >= %(half_year)s) AS orders_half_year
    FROM users_order o
    WHERE o.counts AND o.ordered_at < %(as_of)s AND o.customer_id > %(after)s AND o.customer_id <= %(last)s
    GROUP BY 1, 2
)
SELECT p.customer_id, min(day) AS first_day, (array_agg(day ORDER BY day))[2] AS second_day,
       max(day) AS last_day, count(*) - 1 AS repeat_days,
       (sum(net) - (array_agg(net ORDER BY day))[1]) / nullif(count(*) - 1, 0) AS repeat_mean,
       max(last_at) AS last_at, sum(orders_window) AS orders_window, sum(net_window) AS net_window,
       sum(revenue_year)::bigint AS revenue_year, sum(orders_half_year) AS orders_half_year,
       sum(net) / sum(orders) AS aov
FROM purchase p
WHERE customer_id IN (SELECT customer_id FROM users_customervalue)
GROUP BY p.customer_id
