-- Fans and opinion leaders of one slice of customers, by what they did (users_value_act); the phase is that of
-- users/phase.py.
INSERT INTO users_value_told
SELECT told.* FROM (
    SELECT v.customer_id, CASE WHEN c.no_profiling THEN 0 ELSE coalesce(act.score, 0) END AS leader_score,
           CASE WHEN c.no_profiling THEN '{{}}' ELSE coalesce(act.parts, '{{}}') END AS leader_parts,
           CASE WHEN c.no_profiling THEN ''
                WHEN act.is_brand AND (s.active_days >= 5 OR came_after) THEN 'brand'
                WHEN act.is_content THEN 'content'
                WHEN s.active_days = 1 AND s.orders = 0 THEN 'passer_by'
                ELSE '' END AS fan
    FROM users_customervalue v
    JOIN users_customer c ON c.id = v.customer_id
    JOIN users_standing s ON s.customer_id = v.customer_id
    CROSS JOIN LATERAL (
        SELECT (s.last_activity_at AT TIME ZONE %(zone)s)::date > (s.first_order_at AT TIME ZONE %(zone)s)::date
               AS came_after
    ) AS phase
    LEFT JOIN users_value_act act ON act.customer_id = v.customer_id
    WHERE v.customer_id > %(after)s AND v.customer_id <= %(last)s
) AS told
JOIN users_customervalue value USING (customer_id)
WHERE {differs}
