-- The cuts of the day. Recency in days of silence; the others in their own unit.
INSERT INTO users_cutpoint (day, figure, level, value)
SELECT %(day)s, figure, level, abs(min(value)) FROM (
    SELECT 'r' AS figure, r AS level, -(extract(epoch FROM %(as_of)s - last_at) / 86400) AS value FROM users_value_scored
    UNION ALL SELECT 'f', f, orders_window FROM users_value_scored
    UNION ALL SELECT 'm', m, net_window FROM users_value_scored
    UNION ALL SELECT 'top_orders', n, orders_window FROM users_value_scored JOIN unnest(%(tops)s) AS n ON top_orders <= n
    UNION ALL SELECT 'top_revenue', n, revenue_year FROM users_value_scored JOIN unnest(%(tops)s) AS n ON top_revenue <= n
    UNION ALL SELECT 'core', 80, revenue_year FROM users_value_scored WHERE is_core
) AS reached
WHERE level IS NOT NULL
GROUP BY figure, level
ON CONFLICT (day, figure, level) DO UPDATE SET value = excluded.value;

UPDATE users_valueday
SET customers = (SELECT count(*) FROM users_customervalue),
    buyers = (SELECT count(*) FROM users_value_scored WHERE r IS NOT NULL),
    fixed_bands = (SELECT count(*) BETWEEN 1 AND %(enough)s - 1 FROM users_value_scored WHERE r IS NOT NULL)
WHERE day = %(day)s
