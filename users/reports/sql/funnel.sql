-- Customers by the depth they reached, and the median seconds between steps (the row without a depth).
WITH reached AS MATERIALIZED ({reached})
SELECT value, depth, count(*), NULL::float8[] FROM reached GROUP BY 1, 2
UNION ALL
SELECT NULL, NULL, count(*), ARRAY[{medians}]::float8[] FROM reached
