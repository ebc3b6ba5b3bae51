-- The sample: one living customer in so many, always the same ones, from the index on living customers alone.
drawn AS MATERIALIZED (
    SELECT id, identified, no_profiling FROM users_customer
    WHERE erased_at IS NULL AND hashint8(id) %% {one_in} = 0
),
