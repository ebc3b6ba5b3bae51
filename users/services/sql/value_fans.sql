-- Fans and opinion leaders. The acts are slices of the index by type and time; the phase is that of users/phase.py.
CREATE UNLOGGED TABLE users_value_told AS
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
SELECT told.* FROM (
        SELECT v.customer_id, CASE WHEN c.no_profiling THEN 0 ELSE coalesce(opinion.score, 0) END AS leader_score,
               CASE WHEN c.no_profiling THEN '{{}}' ELSE coalesce(opinion.parts, '{{}}') END AS leader_parts,
               CASE WHEN c.no_profiling THEN ''
                    WHEN brand.customer_id IS NOT NULL AND (s.active_days >= 5 OR came_after) THEN 'brand'
                    WHEN content.customer_id IS NOT NULL THEN 'content'
                    WHEN s.active_days = 1 AND s.orders = 0 THEN 'passer_by'
                    ELSE '' END AS fan
        FROM users_customervalue v
        JOIN users_customer c ON c.id = v.customer_id
        JOIN users_standing s ON s.customer_id = v.customer_id
        CROSS JOIN LATERAL (
            SELECT (s.last_activity_at AT TIME ZONE %(zone)s)::date > (s.first_order_at AT TIME ZONE %(zone)s)::date
                   AS came_after
        ) AS phase
        LEFT JOIN brand ON brand.customer_id = v.customer_id
        LEFT JOIN content ON content.customer_id = v.customer_id
        LEFT JOIN opinion ON opinion.customer_id = v.customer_id
) AS told
JOIN users_customervalue value USING (customer_id)
WHERE {differs}
