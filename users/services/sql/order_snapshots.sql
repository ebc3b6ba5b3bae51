-- Orders with their lines and refunds as they are, in one value each: what undoing an import puts back. What lines have of
-- the order is left out, it follows from the rest; so is a shop's number of the line where there is none. (The alias is no
-- column's name, or it would mean the column.)
SELECT known.customer_id, known.source, known.number, jsonb_build_object(
           'order', jsonb_build_array(to_jsonb(known)),
           'lines', coalesce((
               SELECT jsonb_agg(
                   to_jsonb(part) - 'share' - 'sold_at' - CASE WHEN part.line_id = '' THEN 'line_id' ELSE '' END
                   ORDER BY part.line) FROM users_orderline part
               WHERE part.customer_id = known.customer_id AND part.source = known.source AND part.number = known.number
           ), '[]'),
           'refunds', coalesce((
               SELECT jsonb_agg(to_jsonb(refund) ORDER BY refund.refund_id) FROM users_refund refund
               WHERE refund.customer_id = known.customer_id AND refund.source = known.source
                 AND refund.number = known.number
           ), '[]')
       ) AS held
FROM unnest(%(ids)s::bigint[], %(sources)s::text[], %(numbers)s::text[]) AS asked (customer_id, source, number)
JOIN users_order known
  ON known.customer_id = asked.customer_id AND known.source = asked.source AND known.number = asked.number
