-- Product views of one stretch of time by customer and category: a contiguous slice of the index by type and time, read
-- from the index alone. A stretch at a time, because half a year of a large shop takes longer than a task may.
INSERT INTO users_value_seen
SELECT customer_id, category, count(*)
FROM users_event
WHERE type_id = (SELECT id FROM users_eventtype WHERE name = 'Product Viewed')
  AND occurred_at >= %(begin)s AND occurred_at < %(end)s AND category <> ''
GROUP BY 1, 2
