-- Lines of the orders asked for take their share of the order as it is now, and its instant while it counts. Lines
-- that have theirs already are not written again.
WITH shared AS (
    SELECT o.customer_id, o.source, o.number, CASE WHEN o.counts THEN o.ordered_at END AS sold_at,
           array_agg(l.line ORDER BY l.line) AS lines,
           line_shares(o.net, array_agg(l.amount ORDER BY l.line)) AS shares
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
