-- A group (0) and every other known customer (1), by an anti-join: "not in" of half a million ids would not be hashed.
mine (id) AS MATERIALIZED ({mine}), side AS (
    SELECT customer.id, CASE WHEN mine.id IS NULL THEN 1 ELSE 0 END AS side, customer.no_profiling
    FROM users_customer customer LEFT JOIN mine ON mine.id = customer.id
    WHERE customer.erased_at IS NULL AND (customer.identified OR mine.id IS NOT NULL)
)
