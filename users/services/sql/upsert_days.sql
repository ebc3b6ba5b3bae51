-- Fresh activity by customer and calendar day of the shop zone. A day holds its first and last instant, which is all
-- that stages need; what comes back are the days as they are now, and whether they are new.
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
)
INSERT INTO active_day (customer_id, first_at, last_at, is_new)
SELECT customer_id, first_at, last_at, is_new FROM changed
