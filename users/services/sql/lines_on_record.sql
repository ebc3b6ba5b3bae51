-- The lines of the orders asked for, in their order.
SELECT line.customer_id, line.source, line.number, line.product_id, line.sku, line.name, line.category, line.quantity, line.price,
       line.amount, line.line_id
FROM unnest(%(ids)s::bigint[], %(sources)s::text[], %(numbers)s::text[]) AS asked (customer_id, source, number)
JOIN users_orderline line
  ON line.customer_id = asked.customer_id AND line.source = asked.source AND line.number = asked.number
ORDER BY line.customer_id, line.source, line.number, line.line
