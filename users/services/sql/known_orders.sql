-- Orders on record that the items of a batch speak of, with the refunds that have been counted.
SELECT said.customer_id, known.source, known.number, known.is_history, known.told_at::text,
       refunds.ids, refunds.times, refunds.amounts,
       known.cancelled_at, known.confirmed, known.currency, known.total, known.tax, known.shipping, known.discount,
       known.coupon, known.paid_at, known.refunded, known.rate
FROM (
    SELECT DISTINCT coalesce(item.customer_id, owner.customer_id) AS customer_id, said.source, said.number
    FROM order_item said
    JOIN intake_item item USING (no)
    JOIN intake_owner owner ON owner.kind = item.owner_kind AND owner.value = item.owner_value
) AS said
JOIN users_order known
  ON known.customer_id = said.customer_id AND known.source = said.source AND known.number = said.number
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(refund.refund_id ORDER BY refund.refund_id), '{}') AS ids,
           coalesce(array_agg(refund.refunded_at ORDER BY refund.refund_id), '{}') AS times,
           coalesce(array_agg(refund.amount ORDER BY refund.refund_id), '{}') AS amounts
    FROM users_refund refund
    WHERE refund.customer_id = known.customer_id AND refund.source = known.source
      AND refund.number = known.number AND refund.confirmed
) AS refunds
