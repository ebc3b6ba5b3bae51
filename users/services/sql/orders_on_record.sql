-- Orders as known, with the refunds that have been counted, for whoever wants to know what a telling would change.
SELECT known.customer_id, known.source, known.number, known.is_history, known.told_at::text,
       refunds.ids, refunds.times, refunds.amounts,
       known.cancelled_at, known.confirmed, known.currency, known.total, known.tax, known.shipping, known.discount,
       known.coupon, known.paid_at, known.refunded, known.rate
FROM unnest(%(ids)s::bigint[], %(sources)s::text[], %(numbers)s::text[]) AS asked (customer_id, source, number)
JOIN users_order known
  ON known.customer_id = asked.customer_id AND known.source = asked.source AND known.number = asked.number
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(refund.refund_id ORDER BY refund.refund_id), '{}') AS ids,
           coalesce(array_agg(refund.refunded_at ORDER BY refund.refund_id), '{}') AS times,
           coalesce(array_agg(refund.amount ORDER BY refund.refund_id), '{}') AS amounts
    FROM users_refund refund
    WHERE refund.customer_id = known.customer_id AND refund.source = known.source
      AND refund.number = known.number AND refund.confirmed
) AS refunds
