-- Orders on record that the items of a batch speak of, with the refunds that have been counted.
SELECT said.customer_id, known.number, known.is_history, known.told_at::text,
       ARRAY(
           SELECT refund.refund_id FROM users_refund refund
           WHERE refund.customer_id = known.customer_id AND refund.source = known.source
             AND refund.number = known.number AND refund.confirmed
       ) AS refund_ids,
       known.cancelled_at, known.confirmed, known.currency, known.total, known.tax, known.shipping, known.discount,
       known.coupon, known.paid_at, known.refunded
FROM (
    SELECT DISTINCT coalesce(item.customer_id, owner.customer_id) AS customer_id, said.number
    FROM order_item said
    JOIN intake_item item USING (no)
    JOIN intake_owner owner ON owner.kind = item.owner_kind AND owner.value = item.owner_value
) AS said
JOIN users_order known
  ON known.customer_id = said.customer_id AND known.source = %(source)s AND known.number = said.number
