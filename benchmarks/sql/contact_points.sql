-- Nine in ten have a confirmed e-mail address; one in fifty of those bounces.
INSERT INTO users_contactpoint (customer_id, channel, address, state, confirmed, added_at, changed_at)
SELECT id, 'email', 'c' || id || '@example.com', CASE WHEN id %% 50 = 7 THEN 'bouncing' ELSE 'verified' END, true,
       first_seen_at, first_seen_at
FROM users_customer
WHERE id %% 10 <> 3
