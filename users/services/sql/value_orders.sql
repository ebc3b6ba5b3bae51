-- Whose figures of orders differ from those on record, one slice of customers; who does not buy any more (orders undone)
-- falls back to the defaults.
INSERT INTO users_value_told
SELECT told.* FROM (
    SELECT v.customer_id, o.first_day, o.second_day, o.last_day, coalesce(o.repeat_days, 0) AS repeat_days,
           round(o.repeat_mean)::bigint AS repeat_mean, coalesce(o.orders_window, 0) AS orders_window,
           coalesce(o.net_window, 0) AS net_window, coalesce(o.revenue_year, 0) AS revenue_year,
           coalesce(o.order_band, '0') AS order_band, coalesce(o.aov_band, '') AS aov_band, o.r, o.f, o.m,
           coalesce(o.rfm_group, '') AS rfm_group, coalesce(o.is_core, false) AS is_core, o.top_revenue,
           o.top_orders
    FROM users_customervalue v LEFT JOIN users_value_scored o USING (customer_id)
    WHERE v.customer_id > %(after)s AND v.customer_id <= %(last)s
) AS told
JOIN users_customervalue value USING (customer_id)
WHERE {differs}
