-- What makes fans and opinion leaders, for everybody at once: the acts are slices of the index by type and time.
DROP TABLE IF EXISTS users_value_act;

CREATE UNLOGGED TABLE users_value_act AS
WITH brand AS (
    SELECT e.customer_id
    FROM users_event e
    JOIN users_eventtype type ON type.id = e.type_id
    JOIN unnest(%(acts)s::text[], %(kinds)s::text[]) AS act (name, kind) ON act.name = type.name
    WHERE e.occurred_at >= %(as_of)s - interval '90 days' AND e.occurred_at < %(as_of)s
    GROUP BY 1 HAVING count(DISTINCT act.kind) >= 2
), content AS (
    SELECT e.customer_id
    FROM users_event e
    WHERE e.type_id IN (SELECT id FROM users_eventtype WHERE name = ANY(%(views)s))
      AND e.occurred_at >= %(as_of)s - interval '28 days' AND e.occurred_at < %(as_of)s
    GROUP BY 1 HAVING count(*) >= 4
), told_of AS (
    {evidence}
), opinion AS (
    SELECT customer_id, sum(points)::int AS score, jsonb_object_agg(name, times) AS parts
    FROM told_of WHERE times > 0 GROUP BY customer_id
)
SELECT customer_id, brand.customer_id IS NOT NULL AS is_brand, content.customer_id IS NOT NULL AS is_content,
       opinion.score, opinion.parts
FROM brand FULL JOIN content USING (customer_id) FULL JOIN opinion USING (customer_id);

ALTER TABLE users_value_act ADD PRIMARY KEY (customer_id);

ANALYZE users_value_act
