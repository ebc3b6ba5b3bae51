-- Orders as known, with the refunds that have been counted, for whoever wants to know what a telling would change.
SELECT known.customer_id, known.number, known.is_history, known.told_at::text,
       ARRAY(
           SELECT refund.refund_id FROM users_refund refund
           WHERE refund.customer_id = known.customer_id AND refund.source = known.source
             AND refund.number = known.number AND refund.confirmed
       ) AS refund_ids,
       known.cancelled_at, known.confirmed, known.currency, known.total, known.tax, known.shipping, known.discount,
       known.coupon, known.paid_at, known.refunded
FROM unnest(%(ids)s::bigint[], %(numbers)s::text[]) AS asked (customer_id, number)
JOIN users_order known
  ON known.customer_id = asked.customer_id AND known.source = %(source)s AND known.number = asked.number
