-- The events of a batch, each once: an item delivered again meets its own row and does nothing. Sorted by customer,
-- because the two indexes that begin with the customer then take neighbouring entries together.
-- category and value are lifted out of the properties; a value that a numeric(18,4) cannot hold is none.
WITH fresh AS (
    INSERT INTO users_event (customer_id, message_id, type_id, occurred_at, received_at, confirmed, category, value,
                             device, properties)
    SELECT coalesce(item.customer_id, owner.customer_id), item.message_id, type.id, item.occurred_at,
           item.received_at, item.confirmed,
           CASE WHEN jsonb_typeof(item.properties -> 'category') = 'string'
                THEN left(item.properties ->> 'category', 100) END,
           CASE WHEN jsonb_typeof(figure.value) = 'number' AND abs(figure.value::numeric) < 1e14
                THEN figure.value::numeric END,
           item.context #>> '{device,kind}', coalesce(item.properties, '{}')
    FROM intake_item item
    LEFT JOIN intake_owner owner ON owner.kind = item.owner_kind AND owner.value = item.owner_value
    JOIN intake_type type ON type.name = item.name
    CROSS JOIN LATERAL (
        SELECT coalesce(item.properties -> 'value', item.properties -> 'revenue', item.properties -> 'total') AS value
    ) AS figure
    WHERE coalesce(item.customer_id, owner.customer_id) IS NOT NULL
    ORDER BY 1
    ON CONFLICT (customer_id, message_id) DO NOTHING
    RETURNING customer_id, message_id, type_id, occurred_at
)
INSERT INTO fresh_event (customer_id, message_id, type_id, occurred_at)
SELECT customer_id, message_id, type_id, occurred_at FROM fresh
