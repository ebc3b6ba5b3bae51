"""What the tables hold of an order and of its lines, column by column."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any

from users.orders import OrderState

FIGURES = (
    "confirmed", "currency", "total", "tax", "shipping", "discount", "coupon", "paid_at", "refunded", "rate",
)  # fmt: skip
ORDER_COLUMNS = ("ordered_at", "net", "counts", "is_history", "told_at", "cancelled_at", *FIGURES)
_TOLD_OF_LINE = ("product_id", "sku", "name", "category", "quantity", "price", "amount", "line_id")
LINE_COLUMNS = ("line", "sold_at", "share", *_TOLD_OF_LINE)
_figures, _of_line = attrgetter(*FIGURES), attrgetter(*_TOLD_OF_LINE)


def in_words(values: Iterable[Any]) -> Iterator[Any]:
    """Values with instants as texts. One instant stands in many places of an order: it is put in words once."""
    last, text = None, ""
    for value in values:
        if isinstance(value, datetime):
            if value is not last:
                last, text = value, value.isoformat()
            yield text
        else:
            yield value


def order_values(state: OrderState, *, is_history: bool) -> tuple[Any, ...]:
    """An order, in the order of ``ORDER_COLUMNS``."""
    told_at = json.dumps(dict(zip(state.told_at, in_words(state.told_at.values()), strict=True)))
    return (
        state.ordered_at,
        state.net,
        state.counts,
        is_history,
        told_at,
        state.cancelled_at,
        *_figures(state),
    )


def line_values(state: OrderState) -> Iterator[tuple[Any, ...]]:
    """Each line of an order, in the order of ``LINE_COLUMNS``."""
    sold_at = state.sold_at
    for position, (line, share) in enumerate(zip(state.lines, state.shares, strict=True), start=1):
        yield position, sold_at, share, *_of_line(line)
