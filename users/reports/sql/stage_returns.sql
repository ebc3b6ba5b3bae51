-- Customers who fell into a stage in a period (their first time in it): after how many whole days they came back, were
-- written to for the first time, and up to now were watched. The three are counted together, as few rows.
WITH fallen AS (
    SELECT DISTINCT ON (move.customer_id) move.customer_id, move.at
    FROM users_stagemove move JOIN users_customer customer ON customer.id = move.customer_id
    WHERE move.superseded_at IS NULL AND move.to_stage = %(stage)s AND move.at >= %(begin)s AND move.at < %(end)s
      AND move.at <= %(now)s AND customer.identified AND customer.erased_at IS NULL
    ORDER BY move.customer_id, move.at
)
SELECT floor(extract(epoch FROM back.at - fallen.at) / 86400)::integer,
       floor(extract(epoch FROM written.at - fallen.at) / 86400)::integer,
       floor(extract(epoch FROM %(now)s::timestamptz - fallen.at) / 86400)::integer,
       count(*)
FROM fallen
LEFT JOIN LATERAL (
    SELECT min(move.at) AS at FROM users_stagemove move
    WHERE move.customer_id = fallen.customer_id AND move.superseded_at IS NULL AND move.to_stage = 'returning'
      AND move.at > fallen.at AND move.at <= %(now)s
) AS back ON true
LEFT JOIN LATERAL (
    SELECT min(sent.at) AS at FROM (/* outreach */) AS sent
    WHERE sent.customer_id = fallen.customer_id AND sent.at >= fallen.at AND sent.at <= coalesce(back.at, %(now)s::timestamptz)
) AS written ON true
GROUP BY 1, 2, 3
