-- The next slice of rows that differ goes to its customers, who are touched; what is written is no longer to be told.
WITH slice AS (
    DELETE FROM users_value_told
    WHERE customer_id IN (SELECT customer_id FROM users_value_told ORDER BY customer_id LIMIT %(most)s)
    RETURNING *
), changed AS (
    UPDATE users_customervalue value SET {sets}
    FROM slice WHERE slice.customer_id = value.customer_id
    RETURNING value.customer_id
)
INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'value' FROM changed
