-- Everybody who had bought by the cutoff, grouped by what was known of them then, with how many purchase days each
-- group had since: what the model fitted on the past is held against. One part of the customers at a time: at a million
-- one statement for all of them came near to the time that a worker allows.
INSERT INTO users_value_past (x, t_x, age, customers, later)
WITH purchase AS (
    SELECT DISTINCT o.customer_id, (o.ordered_at AT TIME ZONE %(zone)s)::date AS day
    FROM users_order o JOIN users_customervalue USING (customer_id)
    WHERE o.counts AND o.ordered_at < %(as_of)s
      AND (CASE o.customer_id %% %(parts)s WHEN %(part)s THEN true ELSE false END)
), known AS (
    SELECT customer_id, count(*) FILTER (WHERE day <= %(cutoff)s) - 1 AS x,
           max(day) FILTER (WHERE day <= %(cutoff)s) - min(day) AS t_x, %(cutoff)s::date - min(day) AS age,
           count(*) FILTER (WHERE day > %(cutoff)s) AS later
    FROM purchase GROUP BY customer_id HAVING min(day) <= %(cutoff)s
)
SELECT x, t_x, age, count(*), sum(later)::bigint FROM known GROUP BY 1, 2, 3
