-- Events that an undone import had told go, and the days they lie on are counted again from what is left. Only those
-- days: older events of a customer may have been swept away while their days stay.
WITH told AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(messages)s::text[]) AS told (customer_id, message_id)
), gone AS (
    DELETE FROM users_event event USING told
    WHERE event.customer_id = told.customer_id AND event.message_id = told.message_id
    RETURNING event.customer_id, event.message_id, event.occurred_at, event.type_id
), unheard AS (
    DELETE FROM users_outbox waiting USING gone
    WHERE waiting.customer_id = gone.customer_id AND waiting.message_id = gone.message_id
), day AS (
    SELECT DISTINCT gone.customer_id, (gone.occurred_at AT TIME ZONE %(zone)s)::date AS day
    FROM gone JOIN users_eventtype type ON type.id = gone.type_id AND type.is_activity
), counted AS (
    SELECT day.customer_id, day.day, count(event.message_id) AS events, min(event.occurred_at) AS first_at,
           max(event.occurred_at) AS last_at
    FROM day
    LEFT JOIN (
        SELECT event.* FROM users_event event JOIN users_eventtype type ON type.id = event.type_id AND type.is_activity
    ) AS event
      ON event.customer_id = day.customer_id
     AND event.occurred_at >= day.day::timestamp AT TIME ZONE %(zone)s
     AND event.occurred_at < (day.day + 1)::timestamp AT TIME ZONE %(zone)s
     AND (event.customer_id, event.message_id) NOT IN (SELECT customer_id, message_id FROM gone)
    GROUP BY day.customer_id, day.day
), emptied AS (
    DELETE FROM users_customerday old USING counted
    WHERE old.customer_id = counted.customer_id AND old.day = counted.day AND counted.events = 0
)
UPDATE users_customerday old SET events = counted.events, first_at = counted.first_at, last_at = counted.last_at
FROM counted
WHERE old.customer_id = counted.customer_id AND old.day = counted.day AND counted.events > 0
