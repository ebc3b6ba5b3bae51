-- Customers by the depth they reached; and those who took a step (from 2) by the band of the time since the step before:
-- each band is so many times longer than the one below. Parts of the customers share nobody, so their counts add up.
WITH reached AS MATERIALIZED ({reached})
SELECT value, depth, NULL::int AS step, NULL::int AS band, count(*) FROM reached GROUP BY 1, 2
UNION ALL
SELECT NULL, NULL, step, round(ln(greatest(gap::float8, 1)) / ln(%(band)s::float8))::int, count(*)
FROM reached CROSS JOIN LATERAL (VALUES {gaps}) AS taken (step, gap)
WHERE gap IS NOT NULL
GROUP BY 3, 4
