"""The points ledger: the only writer of entries and balances.

An act holds the balances of its customers first, in the order of their ids, and reads everything else in
later statements, so that it sees what the previous holder left. It changes the lots, then books. The legs
of one business key sum to zero; what has been booked once is not booked again. No customer's account falls
below zero: what cannot be taken from lots becomes a debt, and whatever comes next settles the debt first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.kit.batches import execute, fetch, temporary_table
from growth.models import Account, EntryKind
from users.models import CustomerAlias

_LEG_COLUMNS = (
    "customer_id bigint, key text, account text, amount bigint, at timestamptz, kind text, note text"
)

_LOCK = """
SELECT customer_id, pending, active, debt FROM growth_balance WHERE customer_id = ANY(%s)
ORDER BY customer_id FOR UPDATE
"""
_BEGIN = """
INSERT INTO growth_balance (customer_id, pending, active, debt) SELECT unnest(%s::bigint[]), 0, 0, 0
ON CONFLICT DO NOTHING
"""

# One statement for one customer and for thousands: entries, balances and the touch have one source of legs.
_BOOK = """
WITH leg AS ({legs}),
written AS (
    INSERT INTO growth_entry (customer_id, key, account, amount, at, kind, note)
    SELECT customer_id, key, account, amount, at, kind, note FROM leg WHERE amount <> 0
),
change AS (
    SELECT customer_id,
           coalesce(sum(amount) FILTER (WHERE account = 'pending'), 0) AS pending,
           coalesce(sum(amount) FILTER (WHERE account = 'active'), 0) AS active,
           coalesce(sum(amount) FILTER (WHERE account = 'debt'), 0) AS debt,
           count(DISTINCT key) AS keys
    FROM leg GROUP BY customer_id
),
moved AS (
    UPDATE growth_balance AS b
    SET pending = b.pending + change.pending, active = b.active + change.active, debt = b.debt - change.debt
    FROM change WHERE b.customer_id = change.customer_id
),
told AS (
    INSERT INTO users_touched (customer_id, topic) SELECT customer_id, 'points' FROM change
)
SELECT coalesce(sum(keys), 0)::bigint FROM change
"""

_GIVEN_LEGS = """
SELECT * FROM unnest(%(customers)s::bigint[], %(keys)s::text[], %(accounts)s::text[], %(amounts)s::bigint[],
                     %(ats)s::timestamptz[], %(kinds)s::text[], %(notes)s::text[])
    AS given (customer_id, key, account, amount, at, kind, note)
"""

# Running totals decide how much each lot gives. Nothing is taken when the lots do not suffice (unless
# at_most), or when the key has been booked, which saves a round trip on the usual way. The two look-ups of
# the key stay apart: joined by OR they read the whole index (26 ms instead of 0.1 at 100,000 customers).
_TAKE = """
WITH line AS (
    SELECT key, remaining,
           sum(remaining) OVER (ORDER BY expires_at NULLS LAST, key) - remaining AS before,
           sum(remaining) OVER () AS total
    FROM growth_lot
    WHERE customer_id = %(customer)s AND state = 'active' AND remaining > 0
      AND (%(after)s::timestamptz IS NULL OR expires_at IS NULL OR expires_at > %(after)s)
),
part AS (
    SELECT key, least(remaining, %(points)s - before) AS points
    FROM line WHERE before < %(points)s AND (%(at_most)s OR total >= %(points)s)
),
taken AS (
    UPDATE growth_lot AS l SET remaining = l.remaining - part.points
    FROM part
    WHERE l.customer_id = %(customer)s AND l.key = part.key
      AND NOT EXISTS (SELECT FROM growth_entry AS e WHERE e.customer_id = %(customer)s AND e.key = %(key)s)
      AND NOT EXISTS (SELECT FROM users_customeralias AS a
                      JOIN growth_entry AS e ON e.customer_id = a.old_id AND e.key = %(key)s
                      WHERE a.customer_id = %(customer)s)
    RETURNING part.points
)
SELECT coalesce(sum(points), 0)::bigint FROM taken
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What a customer's accounts held when they were locked."""

    pending: int
    active: int
    debt: int


@dataclass(frozen=True, slots=True)
class Booking:
    """The legs of one business key of one customer; they sum to zero. Owing 5 is a leg of −5."""

    customer_id: int
    key: str
    kind: EntryKind
    at: datetime
    legs: dict[Account, int]
    note: str = ""


def hold(customer_ids: Iterable[int]) -> dict[int, Held]:
    """Lock the balances of these customers until the transaction ends, making those that are missing."""
    ids = sorted(set(customer_ids))
    held = _lock(ids)
    if len(held) < len(ids):
        execute(_BEGIN, [ids])
        held = _lock(ids)
    return held


def family(customer_id: int) -> list[int]:
    """The customer's id and those of the customers who were joined to them."""
    joined = CustomerAlias.objects.filter(customer_id=customer_id).values_list("old_id", flat=True)
    return [customer_id, *joined]


def is_booked(customer_id: int, key: str) -> bool:
    """Whether the key has been booked for the customer, or for one who was joined to them."""
    return bool(already_booked([(customer_id, key)]))


def already_booked(wanted: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those of the (customer id, key) pairs for which ``is_booked`` holds."""
    if not wanted:
        return set()
    customers, keys = zip(*wanted, strict=True)
    with_aliases = """
        SELECT w.customer_id, w.key
        FROM unnest(%(customers)s::bigint[], %(keys)s::text[]) AS w (customer_id, key)
        WHERE EXISTS (SELECT FROM growth_entry AS e WHERE e.customer_id = w.customer_id AND e.key = w.key)
           OR EXISTS (SELECT FROM users_customeralias AS a
                      JOIN growth_entry AS e ON e.customer_id = a.old_id AND e.key = w.key
                      WHERE a.customer_id = w.customer_id)
    """
    return {(c, k) for c, k in fetch(with_aliases, {"customers": list(customers), "keys": list(keys)})}


def take(customer_id: int, points: int, *, key: str, valid_after: datetime | None) -> int:
    """Take all ``points`` from active lots, expiring first; 0 if they do not suffice or ``key`` is booked.

    Lots that expire at or before ``valid_after`` are left alone. The caller books what was taken.
    """
    return _take(customer_id, points, key=key, valid_after=valid_after, at_most=False)


def take_at_most(customer_id: int, points: int) -> int:
    """Take up to ``points`` from active lots, those expiring first; how many there were."""
    return _take(customer_id, points, key="", valid_after=None, at_most=True) if points else 0


def book(bookings: Iterable[Booking]) -> int:
    """Write the entries and move the balances by them; how many keys. The caller holds the balances."""
    rows: list[tuple[Any, ...]] = []
    for booking in bookings:
        if sum(booking.legs.values()):
            raise ValueError(f"the legs of {booking.key} do not sum to zero")
        rows += (
            (
                booking.customer_id,
                booking.key,
                account.value,
                amount,
                booking.at,
                booking.kind.value,
                booking.note,
            )
            for account, amount in booking.legs.items()
        )
    if not rows:
        return 0
    names = ("customers", "keys", "accounts", "amounts", "ats", "kinds", "notes")
    columns = (list(column) for column in zip(*rows, strict=True))
    return _book(_GIVEN_LEGS, dict(zip(names, columns, strict=True)))


def make_leg_table() -> None:
    """An empty temporary table ``leg`` that a set-wise act fills before ``book_leg_table``."""
    temporary_table("leg", _LEG_COLUMNS)


def book_leg_table() -> int:
    """``book`` for the legs in the temporary table ``leg``."""
    return _book("SELECT * FROM leg", {})


def _book(legs: str, parameters: dict[str, Any]) -> int:
    return int(fetch(_BOOK.format(legs=legs), parameters)[0][0])


def _lock(ids: list[int]) -> dict[int, Held]:
    return {row[0]: Held(*row[1:]) for row in fetch(_LOCK, [ids])}


def _take(customer_id: int, points: int, *, key: str, valid_after: datetime | None, at_most: bool) -> int:
    parameters = {
        "customer": customer_id,
        "points": points,
        "key": key,
        "after": valid_after,
        "at_most": at_most,
    }
    return int(fetch(_TAKE, parameters)[0][0])
