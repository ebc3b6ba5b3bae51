"""What one product sold: by day and in the usual windows, who bought it, who again, what stands beside it in orders.

Money is the lines' shares of their orders' net (``users/shares.py``): without tax and shipping, refunds taken off on
the day of the order. Two orders on one day, shop time, are one purchase.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings

from config.kit.batches import fetch
from users.models import Product
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


def sold_by_day(product_id: str, period: Period) -> dict[date, Sold]:
    """What was sold on each day; days without a sale are left out."""
    rows = fetch(report_sql("product_days"), _span(product_id, period))
    return {day: Sold(pieces, money, unknown) for day, pieces, money, unknown in rows}


def windows(product_id: str, days: Mapping[date, Sold], last: date) -> list[Window]:
    """The last 30, 90 and 365 days up to ``last``; ``days``: what was sold in twice the longest of them."""
    periods = [Period(last - timedelta(days=n - 1), last) for n in WINDOWS]
    asked = _span(product_id, periods[-1]) | {"since": [period.first for period in periods]}
    who = {since: (buyers, again) for since, buyers, again in fetch(report_sql("product_buyers"), asked)}
    return [
        Window(period, total(days, period), total(days, period.before), *who.get(period.first, (0, 0)))
        for period in periods
    ]


def total(days: Mapping[date, Sold], period: Period) -> Sold:
    """What was sold in a period."""
    return sum((one for day, one in days.items() if period.first <= day <= period.last), Sold())


def bought_together(product_id: str, period: Period) -> Sequence[Beside]:
    """The five products most often in one order with this one."""
    rows = fetch(report_sql("product_together"), _span(product_id, period) | {"most": MOST_BESIDE})
    named = {one.product_id: one for one in Product.objects.filter(product_id__in=[row[0] for row in rows])}
    return [
        Beside(named.get(other) or Product(product_id=other), orders, of, customers)
        for other, orders, customers, of in rows
    ]


def _span(product_id: str, period: Period) -> dict[str, object]:
    return {
        "product": product_id,
        "begin": midnight(period.first),
        "end": period.end,
        "zone": settings.SHOP_TIME_ZONE,
    }
