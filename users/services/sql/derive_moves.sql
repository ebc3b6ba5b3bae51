-- Every move between stages that follows from spans of activity: users/lifecycle.py, for many customers at once.
-- A span is any stretch of activity without a gap of dormant_after inside: a customer-day, or a whole run that is
-- known already. So a customer who merely came back a day later costs two spans, not a year of customer-days.
-- In a part (since not null: the start of the run in question) the first row stands for what is known already.
INSERT INTO stage_moment (customer_id, at, from_stage, to_stage, cause, run_began)
WITH paused AS (
    SELECT customer_id, first_at, last_at,
           first_at - max(last_at) OVER (
               PARTITION BY customer_id ORDER BY first_at, last_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS pause
    FROM stage_span
), numbered AS (
    SELECT customer_id, first_at, last_at,
           count(*) FILTER (WHERE pause >= %(dormant_after)s) OVER (
               PARTITION BY customer_id ORDER BY first_at
           ) AS run
    FROM paused
), run AS (
    SELECT customer_id, run, min(first_at) AS began, max(last_at) AS ended,
           lead(min(first_at)) OVER (PARTITION BY customer_id ORDER BY run) AS following
    FROM numbered
    GROUP BY customer_id, run
), moment AS (
    SELECT run.customer_id, moment.at, moment.to_stage, moment.cause, run.began
    FROM run
    JOIN stage_scope scope USING (customer_id)
    CROSS JOIN LATERAL (SELECT run.run = 0 AND scope.from_first_run AS is_first) AS age
    CROSS JOIN LATERAL (
        VALUES
        (run.began, CASE WHEN is_first THEN 'new' ELSE 'returning' END, 'event', true),
        (run.began + CASE WHEN is_first THEN %(new_for)s ELSE %(returning_for)s END, 'active', 'clock',
         run.began + CASE WHEN is_first THEN %(new_for)s ELSE %(returning_for)s END < run.ended + %(dormant_after)s),
        (run.ended + %(dormant_after)s, 'dormant', 'clock',
         run.following IS NULL OR run.ended + %(dormant_after)s < run.following),
        (run.ended + %(churned_after)s, 'churned', 'clock',
         run.following IS NULL OR run.ended + %(churned_after)s < run.following)
    ) AS moment (at, to_stage, cause, happens)
    WHERE moment.happens
), chained AS (
    SELECT customer_id, at, to_stage, cause, began,
           lag(to_stage, 1, 'prospect') OVER (PARTITION BY customer_id ORDER BY at) AS from_stage
    FROM moment
)
SELECT customer_id, at, from_stage, to_stage, cause, began
FROM chained
WHERE from_stage <> to_stage
