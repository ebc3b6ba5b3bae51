-- The shop's best hour: the sum of all customers' activity per hour of day, smoothed as each customer's.
UPDATE users_valueday SET best_hour = (
    SELECT (hour + step + 24) %% 24
    FROM (SELECT hour, sum(times) AS times FROM users_value_hour GROUP BY 1) AS curve
    CROSS JOIN generate_series(-1, 1) AS step
    GROUP BY 1 ORDER BY sum(times * (2 - abs(step))) DESC, 1 LIMIT 1
)
WHERE day = %(day)s
