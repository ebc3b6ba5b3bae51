"""Money by order line: what each line has of its order's net, kept beside it.

By the amounts of the lines (``users/shares.py``), less what refunds named of single lines: ``shares_of_order`` in the
database says how.
"""

from collections.abc import Iterable

from config.kit.batches import execute
from users.services.sql import statement


def follow_orders(orders: Iterable[tuple[int, str, str]]) -> None:
    """Give the lines of these orders (customer, source, number) their shares and the instant they were sold.

    For whoever changed an order and left its lines; the customers are touched by whoever changed it.
    """
    keys = sorted(orders)
    if keys:
        ids, sources, numbers = (list(column) for column in zip(*keys, strict=True))
        execute(statement("share_lines"), {"ids": ids, "sources": sources, "numbers": numbers})
