-- Where each customer of the scope stands now: the last move so far, and the first one that time alone will bring.
-- In a part, where the last move is the start of the run itself, it is the one on record already: a return within a
-- return is no move, so its instant may be older than the run.
WITH outcome AS (
    SELECT customer_id,
           max(at) FILTER (WHERE at <= until) AS reached_at,
           (array_agg(to_stage ORDER BY at DESC) FILTER (WHERE at <= until))[1] AS reached,
           min(at) FILTER (WHERE at > until) AS next_at,
           max(run_began) AS run_began
    FROM stage_moment
    JOIN stage_scope USING (customer_id)
    GROUP BY customer_id
), seen AS (
    SELECT customer_id, min(first_at) AS first_at, max(last_at) AS last_at FROM stage_span GROUP BY customer_id
)
UPDATE users_standing standing
SET stage = coalesce(outcome.reached, CASE WHEN scope.since IS NULL THEN 'prospect' ELSE standing.stage END),
    stage_at = CASE
        WHEN outcome.reached_at > scope.since OR scope.since IS NULL THEN outcome.reached_at
        WHEN standing.stage_at <= scope.since THEN standing.stage_at
        ELSE (SELECT max(move.at) FROM users_stagemove move
              WHERE move.customer_id = scope.customer_id AND move.superseded_at IS NULL AND move.at <= scope.since)
    END,
    first_activity_at = CASE WHEN scope.since IS NULL THEN seen.first_at ELSE standing.first_activity_at END,
    last_activity_at = seen.last_at,
    run_started_at = outcome.run_began,
    active_days = standing.active_days + scope.new_days,
    next_move_at = outcome.next_at
FROM stage_scope scope
LEFT JOIN outcome USING (customer_id)
LEFT JOIN seen USING (customer_id)
WHERE standing.customer_id = scope.customer_id
