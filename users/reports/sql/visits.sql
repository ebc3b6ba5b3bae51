-- The visits that began in a period: activity without a pause of 30 minutes or more. Only the period's slice of events
-- is read, with 30 minutes before it (to know a visit that had begun already) and a day after it (to see its end).
-- A visit is over after 30 minutes of silence. Events are looked at from the latest back, as event_timeline keeps them:
-- a part of the customers over a long period is then read from that index in its order, without sorting.
WITH paused AS (
    SELECT event.customer_id, event.occurred_at, event.type_id,
           lag(event.occurred_at) OVER back - event.occurred_at AS pause
    FROM users_event event
    WHERE event.type_id = ANY(%(types)s) AND event.occurred_at >= %(since)s AND event.occurred_at < %(upto)s
      AND event.occurred_at <= %(now)s
      AND event.customer_id BETWEEN %(from_id)s AND %(to_id)s
    WINDOW back AS (PARTITION BY event.customer_id ORDER BY event.occurred_at DESC)
), numbered AS (
    SELECT customer_id, occurred_at, type_id,
           count(*) FILTER (WHERE pause IS NULL OR pause >= interval '30 minutes') OVER (
               PARTITION BY customer_id ORDER BY occurred_at DESC
           ) AS number
    FROM paused
), visit AS (
    SELECT customer_id, min(occurred_at) AS began, max(occurred_at) AS ended, count(*) AS events,
           count(*) FILTER (WHERE type_id = ANY(%(pages)s)) AS pages
    FROM numbered
    GROUP BY customer_id, number
    HAVING min(occurred_at) >= %(begin)s AND min(occurred_at) < %(end)s
)
