-- Those who are read: everybody, or thousandths of a large side by a hash of the id, the same ones every time.
part AS MATERIALIZED (
    SELECT id, side FROM side
    WHERE NOT no_profiling AND abs(hashint8(id)::bigint) %% 1000 < CASE side WHEN 0 THEN {0} ELSE {1} END
)
