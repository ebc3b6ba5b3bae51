-- The percentile by predicted value of one slice of customers (users_value_ranked); of no one else.
INSERT INTO users_value_told
SELECT told.*
FROM (
    SELECT v.customer_id, ranked.top_ltv
    FROM users_customervalue v LEFT JOIN users_value_ranked ranked USING (customer_id)
    WHERE v.customer_id > %(after)s AND v.customer_id <= %(last)s
) AS told
JOIN users_customervalue value USING (customer_id)
WHERE {differs}
