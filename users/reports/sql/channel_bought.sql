-- Whose first order that counts fell into the period, per channel of the first touch. Erased customers are among them:
-- the books keep their orders, so the sums tie to the ledger.
SELECT customer.channel_id, count(*)
FROM users_standing standing JOIN users_customer customer ON customer.id = standing.customer_id
WHERE standing.first_order_at >= %(begin)s AND standing.first_order_at < %(end)s
GROUP BY customer.channel_id
