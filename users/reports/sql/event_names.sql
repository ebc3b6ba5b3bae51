-- The names of events with their last instant (the end of one stretch of event_type_time) and how many there are, counted
-- in that index alone and up to a limit: GROUP BY over all events would read twenty million entries.
SELECT type.name, least(counted.events, %(most)s), counted.events > %(most)s, type.first_seen_at, latest.occurred_at, type.is_activity, type.is_internal
FROM users_eventtype type
LEFT JOIN LATERAL (
    SELECT occurred_at FROM users_event event WHERE event.type_id = type.id ORDER BY occurred_at DESC LIMIT 1
) AS latest ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS events FROM (SELECT FROM users_event event WHERE event.type_id = type.id LIMIT %(most)s + 1) AS first
) AS counted
ORDER BY type.name
