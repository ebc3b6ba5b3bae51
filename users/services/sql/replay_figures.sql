-- What the derived moves of a slice of customers (stage_moment, under thresholds on trial) would have meant in a
-- window: moves by Monday week and stage; customers flagged, and how many of those were active again afterwards.
WITH happened AS (
    SELECT customer_id, at, to_stage FROM stage_moment WHERE at < %(end)s
), flagged AS (
    SELECT customer_id, to_stage, min(at) AS at
    FROM happened
    WHERE to_stage IN ('dormant', 'churned') AND at >= %(begin)s
    GROUP BY customer_id, to_stage
), back AS (
    SELECT customer_id, max(at) AS at FROM happened WHERE to_stage = 'returning' GROUP BY customer_id
)
SELECT 'moves', to_stage, (date_trunc('week', at AT TIME ZONE %(zone)s))::date::text, count(*)
FROM happened WHERE at >= %(begin)s
GROUP BY to_stage, date_trunc('week', at AT TIME ZONE %(zone)s)
UNION ALL
SELECT 'flagged', to_stage, '', count(*) FROM flagged GROUP BY to_stage
UNION ALL
SELECT 'back', flagged.to_stage, '', count(*)
FROM flagged JOIN back ON back.customer_id = flagged.customer_id AND back.at > flagged.at
GROUP BY flagged.to_stage
