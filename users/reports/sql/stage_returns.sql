-- Customers who fell into a stage in a period (their first time in it): after how many whole days they came back, were
-- written to for the first time before that, and up to now were watched. The three are counted together, as few
-- rows. The way back is found by a window over the slice of moves: a look per customer took a hundred times as long.
-- Parts of the customers add up.
WITH slice AS (
    SELECT customer_id, at, to_stage,
           min(at) FILTER (WHERE to_stage = 'returning') OVER (
               PARTITION BY customer_id ORDER BY at ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
           ) AS back
    FROM users_stagemove
    WHERE superseded_at IS NULL AND to_stage IN (%(stage)s, 'returning') AND at >= %(begin)s AND at <= %(now)s
      AND customer_id BETWEEN %(from_id)s AND %(to_id)s
), fallen AS (
    SELECT DISTINCT ON (customer_id) customer_id, at, back
    FROM slice JOIN users_customer customer ON customer.id = slice.customer_id
    WHERE to_stage = %(stage)s AND at < %(end)s AND customer.identified AND customer.erased_at IS NULL
    ORDER BY customer_id, at
), written AS (
    SELECT fallen.customer_id, min(sent.at) AS at
    FROM fallen JOIN (/* outreach */) AS sent ON sent.customer_id = fallen.customer_id
    WHERE sent.at >= fallen.at AND sent.at <= coalesce(fallen.back, %(now)s::timestamptz)
    GROUP BY fallen.customer_id
)
SELECT floor(extract(epoch FROM fallen.back - fallen.at) / 86400)::integer,
       floor(extract(epoch FROM written.at - fallen.at) / 86400)::integer,
       floor(extract(epoch FROM %(now)s::timestamptz - fallen.at) / 86400)::integer,
       count(*)
FROM fallen LEFT JOIN written USING (customer_id)
GROUP BY 1, 2, 3
