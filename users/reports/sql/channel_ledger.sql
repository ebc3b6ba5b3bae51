-- The other side of the check: the whole ledger, and what customers acquired outside the period have brought.
SELECT (SELECT coalesce(sum(net), 0) FROM users_order WHERE counts)::bigint,
       (SELECT coalesce(sum(revenue), 0) FROM users_standing
        WHERE first_order_at < %(begin)s OR first_order_at >= %(end)s)::bigint
