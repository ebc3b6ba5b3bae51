-- Fresh events of history may be the first we have of a customer.
UPDATE users_customer customer SET first_seen_at = earlier.at
FROM (SELECT customer_id, min(occurred_at) AS at FROM fresh_event GROUP BY customer_id) AS earlier
WHERE customer.id = earlier.customer_id AND earlier.at < customer.first_seen_at
