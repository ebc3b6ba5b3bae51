-- Moves that were believed and no longer follow from what is known: the row stays, marked. A belief corrected starts
-- nothing by itself.
WITH wrong AS (
    UPDATE users_stagemove believed
    SET superseded_at = %(now)s
    FROM stage_scope scope
    WHERE believed.customer_id = scope.customer_id
      AND believed.superseded_at IS NULL
      AND (scope.since IS NULL OR believed.at > scope.since)
      AND NOT EXISTS (
          SELECT FROM stage_moment moment
          WHERE moment.customer_id = believed.customer_id
            AND moment.at = believed.at AND moment.at <= scope.until
            AND moment.from_stage = believed.from_stage AND moment.to_stage = believed.to_stage
      )
    RETURNING believed.customer_id
)
INSERT INTO users_touched (customer_id, topic, is_history)
SELECT DISTINCT customer_id, 'stage', true FROM wrong
