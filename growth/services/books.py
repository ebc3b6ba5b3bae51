"""Does every figure of the ledger follow from its entries? Promise 4, checked on the whole of it."""

from config.kit.batches import fetch

# One statement, so one snapshot: bookings made meanwhile do not look like differences.
_CHECK = """
WITH by_key AS (
    SELECT customer_id, key, sum(amount) AS total, count(*) AS entries,
           coalesce(sum(amount) FILTER (WHERE account = 'pending'), 0) AS pending,
           coalesce(sum(amount) FILTER (WHERE account = 'active'), 0) AS active,
           -coalesce(sum(amount) FILTER (WHERE account = 'debt'), 0) AS debt
    FROM growth_entry GROUP BY customer_id, key
),
by_customer AS (
    SELECT customer_id, sum(pending) AS pending, sum(active) AS active, sum(debt) AS debt
    FROM by_key GROUP BY customer_id
),
by_lots AS (
    SELECT customer_id,
           coalesce(sum(remaining) FILTER (WHERE state = 'pending'), 0) AS pending,
           coalesce(sum(remaining) FILTER (WHERE state = 'active'), 0) AS active
    FROM growth_lot GROUP BY customer_id
)
SELECT (SELECT coalesce(sum(total), 0)::bigint FROM by_key),
       (SELECT coalesce(sum(entries), 0)::bigint FROM by_key),
       (SELECT count(*) FROM by_key WHERE total <> 0),
       (SELECT count(*) FROM growth_balance AS b FULL JOIN by_customer AS e USING (customer_id)
        WHERE (coalesce(b.pending, 0), coalesce(b.active, 0), coalesce(b.debt, 0))
           <> (coalesce(e.pending, 0), coalesce(e.active, 0), coalesce(e.debt, 0))),
       (SELECT count(*) FROM growth_balance AS b FULL JOIN by_lots AS l USING (customer_id)
        WHERE (coalesce(b.pending, 0), coalesce(b.active, 0))
           <> (coalesce(l.pending, 0), coalesce(l.active, 0)))
"""


def check() -> dict[str, int]:
    """The sum of the books, and how many keys, balances and lots are off: zero is the promise."""
    names = ("sum", "entries", "keys_off", "balances_off", "lots_off")
    return dict(zip(names, map(int, fetch(_CHECK)[0]), strict=True))
