-- Those who are read: everybody, or thousandths of a large side by a hash of the id, the same ones every time. A
-- temporary table, because two statements read them and finding them takes a pass over all customers.
WITH {sides}
INSERT INTO portrait_part (id, side)
SELECT id, side FROM side
WHERE NOT no_profiling AND abs(hashint8(id)::bigint) %% 1000 < CASE side WHEN 0 THEN {0} ELSE {1} END
