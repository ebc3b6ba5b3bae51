-- Orders with their lines and refunds as they are, one text each: what undoing an import puts back. What lines have of
-- the order is left out: it follows from the rest.
SELECT known.customer_id, known.source, known.number, jsonb_build_object(
           'order', jsonb_build_array(to_jsonb(known)),
           'lines', coalesce((
               SELECT jsonb_agg(to_jsonb(line) - 'share' - 'sold_at' ORDER BY line.line) FROM users_orderline line
               WHERE line.customer_id = known.customer_id AND line.source = known.source AND line.number = known.number
           ), '[]'),
           'refunds', coalesce((
               SELECT jsonb_agg(to_jsonb(refund) ORDER BY refund.refund_id) FROM users_refund refund
               WHERE refund.customer_id = known.customer_id AND refund.source = known.source
                 AND refund.number = known.number
           ), '[]')
       )::text
FROM unnest(%(ids)s::bigint[], %(sources)s::text[], %(numbers)s::text[]) AS asked (customer_id, source, number)
JOIN users_order known
  ON known.customer_id = asked.customer_id AND known.source = asked.source AND known.number = asked.number
