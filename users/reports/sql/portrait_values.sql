-- Every dimension of everybody read, in one pass: a row per customer and dimension, counted by value. Beyond the values
-- that weigh most on either side the rest is one value, so that an attribute with a million values brings a dozen rows.
WITH counted AS (
    SELECT told.name, told.value, count(*) FILTER (WHERE part.side = 0) AS ours,
           count(*) FILTER (WHERE part.side = 1) AS theirs
    FROM portrait_part part
    JOIN users_customer customer ON customer.id = part.id
    JOIN users_standing standing ON standing.customer_id = part.id
    CROSS JOIN LATERAL (VALUES {told}) AS told (name, value)
    GROUP BY 1, 2
), ranked AS (
    SELECT *, row_number() OVER (
        PARTITION BY name, value IS NULL ORDER BY ours::float8 / %s + theirs::float8 / %s DESC, value
    ) AS place
    FROM counted
)
SELECT name, CASE WHEN value IS NULL OR name = ANY(%s) OR place <= %s THEN value ELSE chr(1) END, sum(ours), sum(theirs)
FROM ranked
GROUP BY 1, 2
