-- How many identified customers have each custom attribute, over a range of customers: the job goes through all of
-- them a hundred thousand at a time, so that no statement runs for long.
SELECT entry.key, count(*)
FROM users_customer customer CROSS JOIN LATERAL jsonb_object_keys(customer.attributes) AS entry (key)
WHERE customer.id >= %(first)s AND customer.id < %(end)s AND customer.identified AND customer.erased_at IS NULL
  AND customer.attributes <> '{}'
GROUP BY entry.key
