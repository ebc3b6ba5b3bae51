-- The custom attributes of some customers, one row per name: what kinds of values they have, and some of them.
-- Grouping by value first keeps the examples few however many customers there are.
WITH value AS (
    SELECT entry.key AS name, entry.value,
           CASE jsonb_typeof(entry.value)
               WHEN 'number' THEN 'number'
               WHEN 'boolean' THEN 'flag'
               WHEN 'array' THEN 'list'
               WHEN 'object' THEN 'object'
               ELSE CASE WHEN entry.value #>> '{}' ~ '^\d{4}-\d{2}-\d{2}([T ].*)?$' THEN 'date' ELSE 'text' END
           END AS kind,
           count(*) AS customers
    FROM users_customer customer CROSS JOIN LATERAL jsonb_each(customer.attributes) AS entry
    WHERE customer.id = ANY(%(ids)s) AND customer.erased_at IS NULL
    GROUP BY 1, 2, 3
)
SELECT name, array_agg(DISTINCT kind),
       (array_agg(left(value #>> '{}', 60) ORDER BY customers DESC, value)
            FILTER (WHERE kind <> 'object'))[1:5]
FROM value GROUP BY name
