-- Two groups; who is in both stands on both sides.
mine (id) AS MATERIALIZED ({mine}), theirs (id) AS MATERIALIZED ({theirs}), side AS MATERIALIZED (
    SELECT customer.id, 0 AS side, customer.no_profiling FROM users_customer customer JOIN mine USING (id)
    WHERE customer.erased_at IS NULL
    UNION ALL
    SELECT customer.id, 1, customer.no_profiling FROM users_customer customer JOIN theirs USING (id)
    WHERE customer.erased_at IS NULL
)
