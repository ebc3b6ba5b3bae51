-- One outbox row per fresh event and subscribed handler; what is too old starts nothing.
INSERT INTO users_outbox (customer_id, message_id, handler, due_at, attempts, error)
SELECT event.customer_id, event.message_id, subscribed.handler, %(now)s, 0, ''
FROM fresh_event event
JOIN users_eventtype type ON type.id = event.type_id
JOIN unnest(%(events)s::text[], %(handlers)s::text[]) AS subscribed (event, handler) ON subscribed.event = type.name
WHERE event.occurred_at >= %(oldest_trigger)s
ON CONFLICT DO NOTHING
