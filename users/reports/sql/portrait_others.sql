-- A group (0) and every other known customer of the sample (1), by an anti-join: "not in" of half a million ids would not
-- be hashed.
mine (id) AS MATERIALIZED ({mine}), side AS MATERIALIZED (
    SELECT customer.id, 0 AS side, customer.no_profiling FROM users_customer customer JOIN mine USING (id)
    WHERE customer.erased_at IS NULL
    UNION ALL
    SELECT drawn.id, 1, drawn.no_profiling FROM drawn LEFT JOIN mine USING (id)
    WHERE drawn.identified AND mine.id IS NULL
)
