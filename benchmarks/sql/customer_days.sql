INSERT INTO users_customerday (customer_id, day, first_at, last_at, events)
SELECT customer_id, (occurred_at AT TIME ZONE 'Asia/Shanghai')::date AS day, min(occurred_at), max(occurred_at),
       count(*)
FROM users_event
GROUP BY 1, 2
ORDER BY 2, 1
