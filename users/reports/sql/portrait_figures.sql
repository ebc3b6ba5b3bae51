SELECT part.side, count(*), {columns}
FROM portrait_part part
JOIN users_customer customer ON customer.id = part.id
JOIN users_standing standing ON standing.customer_id = part.id
GROUP BY part.side
