-- Customers active in a period and in the one before, from the customer-days.
WITH seen AS (
    SELECT customer_id, bool_or(day >= %(first)s) AS lately, bool_or(day < %(first)s) AS before
    FROM users_customerday WHERE day BETWEEN %(earliest)s AND %(last)s
    GROUP BY customer_id
)
SELECT count(*) FILTER (WHERE lately), count(*) FILTER (WHERE before)
FROM seen JOIN users_customer customer ON customer.id = seen.customer_id
WHERE customer.erased_at IS NULL /* crowd */
