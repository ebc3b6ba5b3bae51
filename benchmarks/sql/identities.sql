INSERT INTO users_identity (kind, value, customer_id, since)
SELECT 'user_id', user_id, id, first_seen_at FROM users_customer
