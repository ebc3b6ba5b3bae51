-- One slice of customers: what became of past customers at each length of silence: of everybody known 180 days before the figures, by days
-- since their last activity then (in bands), how many there were and how many stayed away for all of the 180 days.
WITH past AS (
    SELECT d.customer_id, max(CASE WHEN d.last_at < %(half_year)s THEN d.last_at
                                      WHEN d.first_at < %(half_year)s THEN d.first_at END) AS last_at,
           bool_or(d.last_at >= %(half_year)s) AS came_back
    FROM users_customerday d JOIN users_customer c ON c.id = d.customer_id AND c.identified AND c.erased_at IS NULL
    WHERE d.first_at < %(as_of)s AND d.customer_id > %(after)s AND d.customer_id <= %(last)s
    GROUP BY d.customer_id
    HAVING min(d.first_at) < %(half_year)s
)
SELECT width_bucket((extract(epoch FROM %(half_year)s - last_at) / 86400)::float, %(silences)s::float[]) AS band,
       count(*), count(*) FILTER (WHERE NOT came_back)
FROM past
WHERE last_at IS NOT NULL
GROUP BY 1 ORDER BY 1
