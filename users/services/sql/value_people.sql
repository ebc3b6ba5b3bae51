-- A row of figures for everybody who is known by name and has done something; rows of those who are gone go.
WITH gone AS (
    DELETE FROM users_customervalue value
    WHERE NOT EXISTS (
        SELECT 1 FROM users_customer c
        WHERE c.id = value.customer_id AND c.identified AND c.erased_at IS NULL
    )
    RETURNING customer_id
)
INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'value' FROM gone;

INSERT INTO users_customervalue (customer_id)
SELECT c.id
FROM users_customer c JOIN users_standing s ON s.customer_id = c.id
WHERE c.identified AND c.erased_at IS NULL
  AND least(s.first_activity_at, s.first_order_at) < %(as_of)s
ON CONFLICT DO NOTHING
