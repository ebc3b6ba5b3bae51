-- Take accepted bodies and lay their items out as rows, in order of arrival. The database reads the JSON once and
-- keeps it: twenty thousand items never pass through Python. Their numbers need no sorting of them: a million for each
-- body, more than one can hold.
WITH body AS (
    DELETE FROM users_intakebody WHERE id = ANY(%(ids)s)
    RETURNING id, key_id, received_at, confirmed, items
), numbered AS (
    SELECT body.*, 1000000 * (row_number() OVER (ORDER BY id) - 1) AS before FROM body
)
INSERT INTO intake_item (no, key_id, received_at, confirmed, type, message_id, user_id, anonymous_id, previous_id,
                         owner_kind, owner_value, name, occurred_at, properties, traits, context)
SELECT body.before + item.position, body.key_id, body.received_at, body.confirmed,
       item.type, item.message_id, item.user_id, item.anonymous_id, item.previous_id,
       CASE WHEN item.user_id IS NULL THEN 'anonymous_id' ELSE 'user_id' END,
       coalesce(item.user_id, item.anonymous_id),
       item.name, item.occurred_at, item.properties, item.traits, item.context
FROM numbered AS body
CROSS JOIN LATERAL ROWS FROM (
    jsonb_to_recordset(body.items::jsonb) AS (
        type text, message_id text, user_id text, anonymous_id text, previous_id text, name text,
        occurred_at timestamptz, properties jsonb, traits jsonb, context jsonb
    )
) WITH ORDINALITY AS item (type, message_id, user_id, anonymous_id, previous_id, name, occurred_at, properties,
                           traits, context, position)
