-- Scores, bands, named groups, core and percentiles, from what each customer bought (users_value_buyer): ranks over all of
-- them. Scores count who is strictly worse, so rank() − 1; whole numbers only, so that a score never hangs on a rounding.
-- Under %(enough)s buyers fixed bands hold.
DROP TABLE IF EXISTS users_value_scored;

CREATE UNLOGGED TABLE users_value_scored AS
WITH ranked AS (
    SELECT customer_id, last_at, orders_window, net_window,
           rank() OVER (ORDER BY last_at) - 1 AS staler,
           rank() OVER (ORDER BY orders_window) - 1 AS rarer,
           rank() OVER (ORDER BY net_window) - 1 AS poorer,
           rank() OVER (ORDER BY orders_window DESC) - 1 AS more_orders,
           count(*) OVER () AS buyers
    FROM users_value_buyer WHERE orders_window > 0
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
    FROM users_value_buyer WHERE revenue_year > 0
)
SELECT buyer.*, scored.r, scored.f, scored.m, scored.top_orders, earning.top_revenue,
       coalesce(earning.is_core, false) AS is_core,
       (%(groups)s::text[])[(scored.r - 1) * 5 + scored.f] AS rfm_group,
       (1 + width_bucket(buyer.aov::float, %(aov_edges)s::float[]))::text AS aov_band,
       CASE WHEN orders_half_year = 0 THEN '0' WHEN orders_half_year = 1 THEN '1'
            WHEN orders_half_year <= 5 THEN '2-5' ELSE '6+' END AS order_band
FROM users_value_buyer buyer LEFT JOIN scored USING (customer_id) LEFT JOIN earning USING (customer_id);

ALTER TABLE users_value_scored ADD PRIMARY KEY (customer_id);

ANALYZE users_value_scored
