-- Orders as told so far, new ones and changed ones.
INSERT INTO users_order (customer_id, source, number, ordered_at, paid_at, cancelled_at, confirmed, currency, total,
                         tax, shipping, discount, refunded, rate, net, coupon, counts, is_history, told_at,
                         changed_at)
SELECT customer_id, source, number, ordered_at, paid_at, cancelled_at, confirmed, currency, total, tax, shipping,
       discount, refunded, rate, net, coupon, counts, is_history, told_at, business_now()
FROM order_told
ORDER BY customer_id, source, number
ON CONFLICT (customer_id, source, number) DO UPDATE
SET ordered_at = excluded.ordered_at, paid_at = excluded.paid_at, cancelled_at = excluded.cancelled_at,
    confirmed = excluded.confirmed, currency = excluded.currency, total = excluded.total, tax = excluded.tax,
    shipping = excluded.shipping, discount = excluded.discount, refunded = excluded.refunded, rate = excluded.rate,
    net = excluded.net,
    coupon = excluded.coupon, counts = excluded.counts, is_history = excluded.is_history, told_at = excluded.told_at,
    changed_at = excluded.changed_at
