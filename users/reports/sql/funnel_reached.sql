-- Everybody who took the first step, with the depth reached. Each level is one running maximum over the customer's
-- events strictly earlier ("the latest start of a way that leads here"): if the latest start is too long ago, every
-- start is, so no way is missed, and all levels share one sort. A gap is the time from the last event of the step before
-- to the first one that reaches the step.
SELECT walked.id, {value} AS value, walked.depth{gap_names}
FROM (
    SELECT id, {depth} AS depth{gaps}
    FROM ({levels}) AS way
    GROUP BY id
) AS walked
JOIN users_customer customer ON customer.id = walked.id
JOIN users_standing standing ON standing.customer_id = walked.id
WHERE walked.depth > 0 AND {whom}
