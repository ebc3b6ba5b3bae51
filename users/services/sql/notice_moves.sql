-- Moves that follow from what is known and are not on record yet. The event that caused one is looked up only here,
-- for the few new rows. Returns those that may start something; the row itself is record enough for the others.
-- NOT IN is looked up in a hash. NOT EXISTS, planned while the table of moves is still empty, would scan the rows just
-- inserted for every further one: the first 54,000 moves of a shop took 16 s instead of 1.
-- Nothing starts before a person has accepted the thresholds.
WITH noticed AS (
    INSERT INTO users_stagemove (customer_id, at, noticed_at, from_stage, to_stage, cause, cause_message_id,
                                 rule_version, starts_things, superseded_at)
    SELECT moment.customer_id, moment.at, %(now)s, moment.from_stage, moment.to_stage,
           coalesce(%(cause)s, moment.cause), coalesce(cause.message_id, ''), %(version)s,
           %(may_start)s AND %(cause)s IS NULL AND NOT scope.quiet AND moment.at >= %(oldest_trigger)s, NULL
    FROM stage_moment moment
    JOIN stage_scope scope USING (customer_id)
    LEFT JOIN LATERAL (
        SELECT event.message_id
        FROM users_event event
        WHERE moment.cause = 'event' AND event.customer_id = moment.customer_id AND event.occurred_at = moment.at
          AND event.type_id = ANY(ARRAY(SELECT type.id FROM users_eventtype type WHERE type.is_activity))
        ORDER BY event.message_id
        LIMIT 1
    ) AS cause ON true
    WHERE moment.at <= scope.until
      AND (scope.since IS NULL OR moment.at > scope.since)
      AND (moment.customer_id, moment.at, moment.from_stage, moment.to_stage) NOT IN (
          SELECT believed.customer_id, believed.at, believed.from_stage, believed.to_stage
          FROM users_stagemove believed
          JOIN stage_scope looked_at USING (customer_id)
          WHERE believed.superseded_at IS NULL
      )
    -- The same move believed, given up and believed again within one instant.
    ON CONFLICT (customer_id, at, to_stage, noticed_at)
    DO UPDATE SET superseded_at = NULL, from_stage = excluded.from_stage
    RETURNING customer_id, at, from_stage, to_stage, starts_things
), told AS (
    INSERT INTO users_touched (customer_id, topic, is_history)
    SELECT customer_id, 'stage', NOT bool_or(starts_things) FROM noticed GROUP BY customer_id
)
SELECT customer_id, at, from_stage, to_stage, starts_things FROM noticed
