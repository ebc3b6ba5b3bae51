-- Rows of those who are erased, gone or no longer known by name go.
WITH gone AS (
    DELETE FROM users_customervalue value
    WHERE NOT EXISTS (
        SELECT 1 FROM users_customer c
        WHERE c.id = value.customer_id AND c.identified AND c.erased_at IS NULL
    )
    RETURNING customer_id
)
INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'value' FROM gone
