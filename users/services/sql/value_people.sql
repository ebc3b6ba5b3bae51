-- A row of figures for everybody who is known by name and has done something; one slice of customers.
INSERT INTO users_customervalue (customer_id)
SELECT c.id
FROM users_customer c JOIN users_standing s ON s.customer_id = c.id
WHERE c.id > %(after)s AND c.id <= %(last)s AND c.identified AND c.erased_at IS NULL
  AND least(s.first_activity_at, s.first_order_at) < %(as_of)s
ON CONFLICT DO NOTHING
