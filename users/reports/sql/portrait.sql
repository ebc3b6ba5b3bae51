-- Two groups (side 0 and 1) in one statement: how many each holds, and of those who are read (everybody, or a random part
-- of a large side by a hash of the id, the same ones every time) every number and every dimension, which are computed
-- once per customer. Beyond the values that weigh most on either side the rest of a dimension is one value, so that an
-- attribute with a million values brings a dozen rows. Rows of a side: customers, refused, read; those of a dimension
-- (its place): a value with its customers on both sides. Those read are looked up one by one: the planner expects half of
-- everybody, and would read a million rows for ten thousand. A dimension that is a list counts a customer at each of it.
WITH {sides}, size AS MATERIALIZED (
    SELECT side, count(*) AS customers, count(*) FILTER (WHERE no_profiling) AS refused FROM side GROUP BY side
), part AS MATERIALIZED (
    SELECT side.id, side.side
    FROM side JOIN size USING (side)
    WHERE NOT no_profiling AND (
        customers - refused <= {most}
        OR abs(hashint8extended(side.id, 1) %% 1000) < ceil({most} * 1000.0 / (customers - refused))
    )
), told AS MATERIALIZED (
    SELECT part.side, ARRAY[{numbers}] AS numbers, ARRAY[{values}] AS told
    FROM part
    CROSS JOIN LATERAL (SELECT * FROM users_customer WHERE id = part.id OFFSET 0) AS customer
    CROSS JOIN LATERAL (SELECT * FROM users_standing WHERE customer_id = part.id OFFSET 0) AS standing
), figure AS (
    SELECT side, count(*) AS read, ARRAY[{figures}]::float8[] AS figures FROM told GROUP BY side
), counted AS (
    SELECT number, value, count(*) FILTER (WHERE side = 0) AS ours, count(*) FILTER (WHERE side = 1) AS theirs
    FROM told CROSS JOIN LATERAL unnest(told.told) WITH ORDINALITY AS own (whole, number)
    LEFT JOIN LATERAL (
        SELECT DISTINCT jsonb_array_elements_text(own.whole::jsonb) WHERE own.number = ANY(%s)
    ) AS item (named) ON true
    CROSS JOIN LATERAL (SELECT CASE WHEN own.number = ANY(%s) THEN item.named ELSE own.whole END) AS one (value)
    GROUP BY 1, 2
), ranked AS (
    SELECT counted.*, row_number() OVER (
        PARTITION BY number, value IS NULL
        ORDER BY ours::float8 / greatest(mine.read, 1) + theirs::float8 / greatest(others.read, 1) DESC, value
    ) AS place
    FROM counted LEFT JOIN figure mine ON mine.side = 0 LEFT JOIN figure others ON others.side = 1
)
SELECT size.side, NULL::bigint AS number, NULL::text AS value,
       ARRAY[size.customers, size.refused, coalesce(figure.read, 0)] AS counts, figure.figures
FROM size LEFT JOIN figure USING (side)
UNION ALL
SELECT NULL, number, CASE WHEN value IS NULL OR number = ANY(%s) OR place <= %s THEN value ELSE chr(1) END,
       ARRAY[sum(ours), sum(theirs)]::bigint[], NULL
FROM ranked
GROUP BY 2, 3
