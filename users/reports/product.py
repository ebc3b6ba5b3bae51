"""What one product sold: by day and in the usual windows, who bought it, who again, what stands beside it in orders.

Money is the lines' shares of their orders' net (``users/shares.py``): without tax and shipping, refunds taken off on
the day of the order. Two orders on one day, shop time, are one purchase.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings

from config.kit.batches import fetch
from users.models import Product
from users.reports import stored
from users.reports.periods import Period, midnight
from users.reports.sales import report_sql

WINDOWS = (30, 90, 365)
MOST_BESIDE = 5


@dataclass(frozen=True, slots=True)
class Sold:
    """Pieces, and money in minor units; ``unknown``: pieces of orders whose lines have no amounts."""

    pieces: int = 0
    money: int = 0
    unknown: int = 0

    def __add__(self, other: "Sold") -> "Sold":
        return Sold(self.pieces + other.pieces, self.money + other.money, self.unknown + other.unknown)


@dataclass(frozen=True, slots=True)
class Window:
    """A window of whole days, the window of the same length before it, and who bought, and bought again, in it."""

    period: Period
    sold: Sold
    before: Sold
    buyers: int
    again: int


@dataclass(frozen=True, slots=True)
class Beside:
    """Another product with the orders it shares with this one, out of ``of``, and the customers of these."""

    product: Product
    orders: int
    of: int
    customers: int


@dataclass(frozen=True, slots=True)
class Story:
    """What a product sold by day, in the usual windows, what stands beside it in orders, and as of when."""

    days: Mapping[date, Sold]
    windows: Sequence[Window]
    together: Sequence[Beside]
    as_of: datetime


def story(product_id: str, period: Period, today: date, now: datetime) -> Story:
    """What the page of a product shows, all of it counted together; of a large shop as it stood some minutes ago.

    ``period``: the days of the charts and of what was bought together.
    """
    span = Period(min(today - timedelta(days=2 * WINDOWS[-1]), period.first), today)
    year = _windows_before(today)[-1]

    def count() -> list[list[list[Any]]]:
        days = [[str(day), *sold] for day, *sold in _days(product_id, span)]
        if not days:
            return [[], [], []]
        buyers = [[str(since), *who] for since, *who in _buyers(product_id, year)]
        return [days, buyers, [list(row) for row in _together(product_id, period)]]

    asked = f"product {product_id} {period} {today}"
    told = stored.lately(asked, count, now, of=["users_orderline"])
    days, buyers, together = told.rows
    sold = {date.fromisoformat(day): Sold(*figures) for day, *figures in days}
    who = {date.fromisoformat(since): (buyers, again) for since, buyers, again in buyers}
    return Story(sold, _windows(sold, who, today - timedelta(days=1)), _beside(together), told.as_of)


def total(days: Mapping[date, Sold], period: Period) -> Sold:
    """What was sold in a period."""
    return sum((one for day, one in days.items() if period.first <= day <= period.last), Sold())


def _windows_before(today: date) -> list[Period]:
    return [Period(today - timedelta(days=n), today - timedelta(days=1)) for n in WINDOWS]


def _windows(days: Mapping[date, Sold], who: Mapping[date, tuple[int, int]], last: date) -> list[Window]:
    return [
        Window(period, total(days, period), total(days, period.before), *who.get(period.first, (0, 0)))
        for period in _windows_before(last + timedelta(days=1))
    ]


def _beside(rows: Sequence[Sequence[Any]]) -> Sequence[Beside]:
    named = {one.product_id: one for one in Product.objects.filter(product_id__in=[row[0] for row in rows])}
    return [
        Beside(named.get(other) or Product(product_id=other), orders, of, customers)
        for other, orders, customers, of in rows
    ]


def _days(product_id: str, period: Period) -> stored.Rows:
    return fetch(report_sql("product_days"), _span(product_id, period))


def _buyers(product_id: str, longest: Period) -> stored.Rows:
    since = [period.first for period in _windows_before(longest.last + timedelta(days=1))]
    return fetch(report_sql("product_buyers"), _span(product_id, longest) | {"since": since})


def _together(product_id: str, period: Period) -> stored.Rows:
    return fetch(report_sql("product_together"), _span(product_id, period) | {"most": MOST_BESIDE})


def _span(product_id: str, period: Period) -> dict[str, object]:
    return {
        "product": product_id,
        "begin": midnight(period.first),
        "end": period.end,
        "zone": settings.SHOP_TIME_ZONE,
    }
