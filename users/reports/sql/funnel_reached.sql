-- Everybody who took the first step, with the depth reached. Only who has an event that may be the second step is walked
-- through: most have none, and they are known by their first step. Each level is one running maximum over the customer's
-- events strictly earlier ("the latest start of a way that leads here"): if the latest start is too long ago, every
-- start is, so no way is missed, and all levels share one sort. A gap is the time from the last event of the step before
-- to the first one that reaches the step.
WITH onward AS MATERIALIZED (SELECT DISTINCT id FROM ({second}) AS second), walked AS (
    SELECT id, {depth} AS depth{gaps}
    FROM ({levels}) AS way
    GROUP BY id
    UNION ALL
    SELECT DISTINCT id, 1{no_gaps} FROM ({first}) AS first WHERE id NOT IN (SELECT id FROM onward)
)
SELECT walked.id, {value} AS value, walked.depth{gap_names}
FROM walked
JOIN users_customer customer ON customer.id = walked.id
/* standing */
/* device */
WHERE walked.depth > 0 AND {whom}
