-- By what orders are known again: a digest of the order, its lines and its refunds as they are, and which refunds it has.
-- What lines have of the order is left out, it follows from the rest; so is a shop's number of the line where there is
-- none. Plain text of the rows is a third of the work of the JSON that putting back needs.
SELECT known.customer_id, known.source, known.number,
       md5(concat_ws(E'\n', known::text, lines.held, refunds.held)), coalesce(refunds.ids, '{}')
FROM unnest(%(ids)s::bigint[], %(sources)s::text[], %(numbers)s::text[]) AS asked (customer_id, source, number)
JOIN users_order known
  ON known.customer_id = asked.customer_id AND known.source = asked.source AND known.number = asked.number
CROSS JOIN LATERAL (
    SELECT string_agg(
               ROW(part.line, part.product_id, part.sku, part.name, part.category, part.quantity, part.price,
                   part.amount)::text || part.line_id, E'\n' ORDER BY part.line) AS held
    FROM users_orderline part
    WHERE part.customer_id = known.customer_id AND part.source = known.source AND part.number = known.number
) AS lines
CROSS JOIN LATERAL (
    SELECT string_agg(refund::text, E'\n' ORDER BY refund.refund_id) AS held,
           array_agg(refund.refund_id::text ORDER BY refund.refund_id) AS ids
    FROM users_refund refund
    WHERE refund.customer_id = known.customer_id AND refund.source = known.source AND refund.number = known.number
) AS refunds
