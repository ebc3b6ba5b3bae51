-- Everything that follows from orders alone, for everybody in one pass: first per customer and shop day, then per
-- customer, then ranks over all of them. Scores count who is strictly worse, so rank() − 1; whole numbers only, so
-- that a score never hangs on a rounding. Under %(enough)s buyers fixed bands hold.
DROP TABLE IF EXISTS pg_temp.value_order;

CREATE TEMPORARY TABLE value_order ON COMMIT DROP AS
WITH purchase AS (
    SELECT o.customer_id, (o.ordered_at AT TIME ZONE %(zone)s)::date AS day,
           count(*) AS orders, sum(o.net)::bigint AS net, max(o.ordered_at) AS last_at,
           count(*) FILTER (WHERE o.ordered_at >= %(window)s) AS orders_window,
           coalesce(sum(o.net) FILTER (WHERE o.ordered_at >= %(window)s), 0)::bigint AS net_window,
           coalesce(sum(o.net) FILTER (WHERE o.ordered_at >= %(year)s), 0)::bigint AS revenue_year,
           count(*) FILTER (WHERE o.ordered_at >= %(half_year)s) AS orders_half_year
    FROM users_order o
    WHERE o.counts AND o.ordered_at < %(as_of)s
    GROUP BY 1, 2
), buyer AS (
    SELECT p.customer_id, min(day) AS first_day, (array_agg(day ORDER BY day))[2] AS second_day,
           max(day) AS last_day, count(*) - 1 AS repeat_days,
           (sum(net) - (array_agg(net ORDER BY day))[1]) / nullif(count(*) - 1, 0) AS repeat_mean,
           max(last_at) AS last_at, sum(orders_window) AS orders_window, sum(net_window) AS net_window,
           sum(revenue_year)::bigint AS revenue_year, sum(orders_half_year) AS orders_half_year,
           sum(net) / sum(orders) AS aov
    FROM purchase p
    WHERE customer_id IN (SELECT customer_id FROM users_customervalue)
    GROUP BY p.customer_id
), ranked AS (
    SELECT customer_id, last_at, orders_window, net_window,
           rank() OVER (ORDER BY last_at) - 1 AS staler,
           rank() OVER (ORDER BY orders_window) - 1 AS rarer,
           rank() OVER (ORDER BY net_window) - 1 AS poorer,
           rank() OVER (ORDER BY orders_window DESC) - 1 AS more_orders,
           count(*) OVER () AS buyers
    FROM buyer WHERE orders_window > 0
), scored AS (
    SELECT customer_id, 100 * more_orders / buyers + 1 AS top_orders,
           CASE WHEN buyers >= %(enough)s THEN 1 + 5 * staler / buyers
                ELSE 5 - width_bucket((extract(epoch FROM %(as_of)s - last_at) / 86400)::float, %(r_edges)s::float[])
           END AS r,
           CASE WHEN buyers >= %(enough)s THEN 1 + 5 * rarer / buyers
                ELSE 1 + width_bucket(orders_window::float, %(f_edges)s::float[]) END AS f,
           CASE WHEN buyers >= %(enough)s THEN 1 + 5 * poorer / buyers
                ELSE 1 + width_bucket(net_window::float, %(m_edges)s::float[]) END AS m
    FROM ranked
), earning AS (
    SELECT customer_id, 100 * (rank() OVER (ORDER BY revenue_year DESC) - 1) / count(*) OVER () + 1 AS top_revenue,
           5 * coalesce(sum(revenue_year) OVER (
               ORDER BY revenue_year DESC, customer_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ), 0) < 4 * sum(revenue_year) OVER () AS is_core
    FROM buyer WHERE revenue_year > 0
)
SELECT buyer.*, scored.r, scored.f, scored.m, scored.top_orders, earning.top_revenue,
       coalesce(earning.is_core, false) AS is_core,
       (%(groups)s::text[])[(scored.r - 1) * 5 + scored.f] AS rfm_group,
       (1 + width_bucket(buyer.aov::float, %(aov_edges)s::float[]))::text AS aov_band,
       CASE WHEN orders_half_year = 0 THEN '0' WHEN orders_half_year = 1 THEN '1'
            WHEN orders_half_year <= 5 THEN '2-5' ELSE '6+' END AS order_band
FROM buyer LEFT JOIN scored USING (customer_id) LEFT JOIN earning USING (customer_id);

ANALYZE value_order;

-- Who does not buy any more (orders undone) falls back to the defaults.
WITH changed AS (
    UPDATE users_customervalue value
    SET first_day = told.first_day, second_day = told.second_day, last_day = told.last_day,
        repeat_days = told.repeat_days, repeat_mean = told.repeat_mean, orders_window = told.orders_window,
        net_window = told.net_window, revenue_year = told.revenue_year, order_band = told.order_band,
        aov_band = told.aov_band, r = told.r, f = told.f, m = told.m, rfm_group = told.rfm_group,
        is_core = told.is_core, top_revenue = told.top_revenue, top_orders = told.top_orders
    FROM (
        SELECT v.customer_id, o.first_day, o.second_day, o.last_day, coalesce(o.repeat_days, 0) AS repeat_days,
               round(o.repeat_mean)::bigint AS repeat_mean, coalesce(o.orders_window, 0) AS orders_window,
               coalesce(o.net_window, 0) AS net_window, coalesce(o.revenue_year, 0) AS revenue_year,
               coalesce(o.order_band, '0') AS order_band, coalesce(o.aov_band, '') AS aov_band, o.r, o.f, o.m,
               coalesce(o.rfm_group, '') AS rfm_group, coalesce(o.is_core, false) AS is_core, o.top_revenue,
               o.top_orders
        FROM users_customervalue v LEFT JOIN value_order o USING (customer_id)
    ) AS told
    WHERE told.customer_id = value.customer_id
      AND (value.first_day, value.second_day, value.last_day, value.repeat_days, value.repeat_mean,
           value.orders_window, value.net_window, value.revenue_year, value.order_band, value.aov_band, value.r,
           value.f, value.m, value.rfm_group, value.is_core, value.top_revenue, value.top_orders)
          IS DISTINCT FROM
          (told.first_day, told.second_day, told.last_day, told.repeat_days, told.repeat_mean, told.orders_window,
           told.net_window, told.revenue_year, told.order_band, told.aov_band, told.r, told.f, told.m,
           told.rfm_group, told.is_core, told.top_revenue, told.top_orders)
    RETURNING value.customer_id
)
INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'value' FROM changed;

-- The cuts of the day. Recency in days of silence; the others in their own unit.
INSERT INTO users_cutpoint (day, figure, level, value)
SELECT %(day)s, figure, level, abs(min(value)) FROM (
    SELECT 'r' AS figure, r AS level, -(extract(epoch FROM %(as_of)s - last_at) / 86400) AS value FROM value_order
    UNION ALL SELECT 'f', f, orders_window FROM value_order
    UNION ALL SELECT 'm', m, net_window FROM value_order
    UNION ALL SELECT 'top_orders', n, orders_window FROM value_order JOIN unnest(%(tops)s) AS n ON top_orders <= n
    UNION ALL SELECT 'top_revenue', n, revenue_year FROM value_order JOIN unnest(%(tops)s) AS n ON top_revenue <= n
    UNION ALL SELECT 'core', 80, revenue_year FROM value_order WHERE is_core
) AS reached
WHERE level IS NOT NULL
GROUP BY figure, level
ON CONFLICT (day, figure, level) DO UPDATE SET value = excluded.value;

UPDATE users_valueday
SET customers = (SELECT count(*) FROM users_customervalue),
    buyers = (SELECT count(*) FROM value_order WHERE r IS NOT NULL),
    fixed_bands = (SELECT count(*) BETWEEN 1 AND %(enough)s - 1 FROM value_order WHERE r IS NOT NULL)
WHERE day = %(day)s
