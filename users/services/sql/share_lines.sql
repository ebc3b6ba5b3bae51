-- Lines of the orders asked for take their share of the order as it is now, and its instant while it counts. Lines
-- that have theirs already are not written again. Orders of which a refund named lines are few: only for them the
-- refunds are read one by one (shares_of_order), the others need no more than their sums.
WITH shared AS (
    SELECT o.customer_id, o.source, o.number, CASE WHEN o.counts THEN o.ordered_at END AS sold_at,
           array_agg(l.line ORDER BY l.line) AS lines,
           CASE WHEN EXISTS (
                    SELECT FROM users_refund refund
                    WHERE (refund.customer_id, refund.source, refund.number) = (o.customer_id, o.source, o.number)
                      AND refund.confirmed AND refund.lines <> '[]'
                )
                THEN shares_of_order(o.customer_id, o.source, o.number, NULL)
                ELSE line_shares(o.net, array_agg(l.amount ORDER BY l.line))
           END AS shares
    FROM unnest(%(ids)s::bigint[], %(sources)s::text[], %(numbers)s::text[]) AS asked (customer_id, source, number)
    JOIN users_order o USING (customer_id, source, number)
    JOIN users_orderline l USING (customer_id, source, number)
    GROUP BY o.customer_id, o.source, o.number
)
UPDATE users_orderline line SET share = part.share, sold_at = shared.sold_at
FROM shared CROSS JOIN LATERAL unnest(shared.lines, shared.shares) AS part (line, share)
WHERE (line.customer_id, line.source, line.number, line.line)
    = (shared.customer_id, shared.source, shared.number, part.line)
  AND (line.share, line.sold_at) IS DISTINCT FROM (part.share, shared.sold_at)
