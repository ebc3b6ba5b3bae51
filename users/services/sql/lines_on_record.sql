-- The lines of the orders asked for, in their order.
SELECT line.customer_id, line.number, line.product_id, line.sku, line.name, line.category, line.quantity, line.price,
       line.amount
FROM unnest(%(ids)s::bigint[], %(numbers)s::text[]) AS asked (customer_id, number)
JOIN users_orderline line
  ON line.customer_id = asked.customer_id AND line.source = %(source)s AND line.number = asked.number
ORDER BY line.customer_id, line.number, line.line
