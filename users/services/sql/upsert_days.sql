-- Fresh activity by customer and calendar day of the shop zone. A day holds its first and last instant, which is all
-- that stages need. Most who do something stay where they are: nothing came before their current run, no silence in it
-- is long enough to break it, and time would not move them yet. Their standing follows at once (docs/adr/0018);
-- active_day gets the days, as they are now, of all others, whose moves have to be derived.
WITH changed AS (
    INSERT INTO users_customerday AS day (customer_id, day, first_at, last_at, events)
    SELECT event.customer_id, (event.occurred_at AT TIME ZONE %(zone)s)::date,
           min(event.occurred_at), max(event.occurred_at), count(*)
    FROM fresh_event event
    JOIN users_eventtype type ON type.id = event.type_id AND type.is_activity
    GROUP BY 1, 2
    ORDER BY 1, 2
    ON CONFLICT (customer_id, day) DO UPDATE
    SET first_at = least(day.first_at, excluded.first_at),
        last_at = greatest(day.last_at, excluded.last_at),
        events = day.events + excluded.events
    RETURNING customer_id, first_at, last_at, xmax = 0 AS is_new
), seen AS (
    SELECT customer_id, min(first_at) AS earliest, max(last_at) AS latest, count(*) FILTER (WHERE is_new) AS new_days
    FROM changed GROUP BY customer_id
), stayed AS (
    UPDATE users_standing standing
    SET last_activity_at = greatest(standing.last_activity_at, seen.latest),
        active_days = standing.active_days + seen.new_days,
        next_move_at = least(
            greatest(standing.last_activity_at, seen.latest) + %(dormant_after)s,
            standing.run_started_at + CASE standing.stage WHEN 'new' THEN %(new_for)s
                                                          WHEN 'returning' THEN %(returning_for)s END)
    FROM seen
    WHERE standing.customer_id = seen.customer_id
      AND standing.stage IN ('new', 'active', 'returning')
      AND standing.run_started_at <= seen.earliest
      AND seen.latest < standing.last_activity_at + %(dormant_after)s
      AND standing.next_move_at > greatest(%(now)s, standing.stage_at)
      AND standing.run_started_at <= %(now)s
    RETURNING standing.customer_id
)
INSERT INTO active_day (customer_id, first_at, last_at, is_new)
SELECT customer_id, first_at, last_at, is_new FROM changed
WHERE customer_id NOT IN (SELECT customer_id FROM stayed)
