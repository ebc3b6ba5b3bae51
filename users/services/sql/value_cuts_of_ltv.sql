-- The least predicted value that is in the top N %%.
INSERT INTO users_cutpoint (day, figure, level, value)
SELECT %(day)s, 'top_ltv', n, min(predicted_ltv)
FROM users_customervalue JOIN unnest(%(tops)s) AS n ON top_ltv <= n
WHERE predicted_ltv > 0
GROUP BY n
ON CONFLICT (day, figure, level) DO UPDATE SET value = excluded.value
