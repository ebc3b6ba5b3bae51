"""What was sold: net revenue by day and source, the share linked to known customers, products, one order."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from config.kit.batches import fetch
from users.models import (
    Event,
    EventType,
    Order,
    OrderClaim,
    OrderLine,
    OwnedProduct,
    Product,
    Refund,
)
from users.orders import OrderEvent
from users.reports import stored
from users.reports.periods import Period

MOST_PRODUCTS = 200
MOST_NAMED = 4
TOLD = (*OrderEvent, "order_paid", "order_refunded", "order_cancelled")


@dataclass(frozen=True, slots=True)
class Sales:
    """Net revenue of a period in minor units, refunds on their own day; ``linked`` is that of known customers."""

    revenue: int = 0
    linked: int = 0
    orders: int = 0
    linked_orders: int = 0
    refunded: int = 0
    by_source: dict[str, dict[date, int]] = field(default_factory=dict)
    as_of: datetime | None = None

    @property
    def linked_share(self) -> float | None:
        """The share of net revenue whose customer is known; None where there is none."""
        return self.linked / self.revenue if self.revenue > 0 else None


@dataclass(frozen=True, slots=True)
class ProductSales:
    """A product with what it brought in a period, and how many own it now; ``again``: bought it on two days or more."""

    product: Product
    orders: int
    customers: int
    again: int
    pieces: int
    revenue: int
    owners: int


@dataclass(frozen=True, slots=True)
class ProductsSold:
    """Products, those that brought most first, and the instant their figures stand for."""

    products: Sequence[ProductSales]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class OrderStory:
    """One order with everything that is known of it."""

    order: Order
    lines: Sequence[OrderLine]
    refunds: Sequence[Refund]
    claims: Sequence[OrderClaim]
    events: Sequence[tuple[datetime, str, dict[str, Any], bool]]


def sales_question(period: Period) -> stored.Question:
    """What ``sales`` asks, of every source."""
    values = {"begin": period.begin, "end": period.end, "zone": settings.SHOP_TIME_ZONE}
    return stored.Question(report_sql("sales_by_day"), values, sums=3, parts=stored.parts_of(period.days))


def sales(period: Period, now: datetime, *, source: str = "") -> Sales:
    """What was sold in a period, over all sources or of one."""
    return _summed(stored.answer(sales_question(period), now), period, source)


def sales_and_before(period: Period, now: datetime, *, source: str = "") -> tuple[Sales, Sales]:
    """What was sold in a period and in the one of the same length before it, asked in one."""
    told = stored.answer(sales_question(Period(period.before.first, period.last)), now)
    return _summed(told, period, source), _summed(told, period.before, source)


def _summed(told: stored.Found, period: Period, source: str) -> Sales:
    by_source: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    total = {"revenue": 0, "linked": 0, "orders": 0, "linked_orders": 0, "refunded": 0}
    for told_day, origin, identified, amount, orders, refunded in told.rows:
        day = date.fromisoformat(told_day)
        if (source and origin != source) or not period.first <= day <= period.last:
            continue
        by_source[origin][day] += amount
        total["revenue"] += amount
        total["orders"] += orders
        total["refunded"] += refunded
        if identified:
            total["linked"] += amount
            total["linked_orders"] += orders
    return Sales(
        **total, by_source={origin: dict(days) for origin, days in by_source.items()}, as_of=told.as_of
    )


def series(found: Sales, period: Period) -> list[tuple[str, list[int]]]:
    """Daily net revenue of the four largest sources, and of the others together under ""."""
    days = [period.first + timedelta(days=n) for n in range(period.days)]
    ranked = sorted(found.by_source, key=lambda origin: (-sum(found.by_source[origin].values()), origin))
    lines = [
        (origin, [found.by_source[origin].get(day, 0) for day in days]) for origin in ranked[:MOST_NAMED]
    ]
    rest = ranked[MOST_NAMED:]
    if rest:
        lines.append(("", [sum(found.by_source[origin].get(day, 0) for origin in rest) for day in days]))
    return lines


def sources() -> list[str]:
    """Every source that has brought an order; a loose scan over the key's first column, not over all orders."""
    return [
        source
        for (source,) in fetch(
            """
            WITH RECURSIVE found AS (
                (SELECT source FROM users_orderkey ORDER BY source LIMIT 1)
                UNION ALL
                SELECT (SELECT key.source FROM users_orderkey key WHERE key.source > found.source
                        ORDER BY key.source LIMIT 1)
                FROM found WHERE found.source IS NOT NULL
            )
            SELECT source FROM found WHERE source IS NOT NULL
            """
        )
    ]


def product_sales(
    period: Period,
    now: datetime,
    *,
    only: Collection[str] | None = None,
) -> ProductsSold:
    """The products that brought most in a period, at most 200; ``only``: of these products, by number."""
    told = stored.answer(products_question(period), now)
    rows = sorted(told.rows, key=lambda row: (-row[-1], row[0]))
    if only is not None:
        wanted = set(only)
        rows = [row for row in rows if row[0] in wanted]
    return ProductsSold(_named(rows[:MOST_PRODUCTS]), told.as_of)


def products_question(period: Period) -> stored.Question:
    """What ``product_sales`` asks: every product that was sold, each customer's purchases in one part."""
    values = {
        "begin": period.begin,
        "end": period.end,
        "zone": settings.SHOP_TIME_ZONE,
    }
    return stored.Question(report_sql("product_sales"), values, sums=5, parts=stored.parts_of(period.days))


def _named(rows: Sequence[Sequence[Any]]) -> list[ProductSales]:
    ids = [row[0] for row in rows]
    known = {one.product_id: one for one in Product.objects.filter(product_id__in=ids)}
    owners = owners_of(ids)
    return [
        ProductSales(
            known.get(pk) or Product(product_id=pk),
            orders,
            who,
            again,
            pieces,
            revenue,
            owners.get(pk, 0),
        )
        for pk, orders, who, again, pieces, revenue in rows
    ]


def owners_of(product_ids: Sequence[str]) -> dict[str, int]:
    """How many customers own each product now."""
    return dict(
        fetch(
            "SELECT product_id, count(DISTINCT customer_id) FROM users_ownedproduct WHERE product_id = ANY(%s)"
            " GROUP BY product_id",
            [list(product_ids)],
        )
    )


def products_by_category() -> dict[int, int]:
    """How many products stand directly in each category, by its id."""
    return dict(
        fetch(
            "SELECT known.category_id, count(*) FROM users_product product"
            " JOIN users_categoryname known ON known.text = product.category GROUP BY 1"
        )
    )


def products_within(path: str) -> list[str]:
    """The numbers of the products in a category or one below it."""
    return [
        number
        for (number,) in fetch(
            "SELECT product.product_id FROM users_product product"
            " JOIN users_categoryname known ON known.text = product.category"
            " JOIN users_category c ON c.id = known.category_id WHERE c.path = %s OR starts_with(c.path, %s)",
            [path, path + " > "],
        )
    ]


def story(customer_id: int, source: str, number: str) -> OrderStory | None:
    """One order; None where there is none."""
    mine = {"customer_id": customer_id, "source": source, "number": number}
    order = Order.objects.select_related("customer").filter(**mine).first()
    if order is None:
        return None
    kinds = EventType.objects.filter(name__in=TOLD).values("pk")
    told = Event.objects.filter(customer_id=customer_id, type_id__in=kinds).order_by("occurred_at")
    about = told.filter(properties__order_id=number) | told.filter(
        properties__number=number, properties__source=source
    )
    return OrderStory(
        order=order,
        lines=list(OrderLine.objects.filter(**mine).order_by("line")),
        refunds=list(Refund.objects.filter(**mine).order_by("refunded_at")),
        claims=list(OrderClaim.objects.select_related("claimant").filter(**mine).order_by("claimed_at")),
        events=[
            (event.occurred_at, event.type.name, event.properties, event.confirmed)
            for event in about.select_related("type")[:100]
            if event.properties.get("channel_of_sale", source) == source
        ],
    )


def owned_by(customer_id: int) -> list[OwnedProduct]:
    """What a customer owns, the newest first."""
    return list(OwnedProduct.objects.filter(customer_id=customer_id).order_by("-since", "key")[:100])


@cache
def report_sql(name: str) -> str:
    """A statement of the reports about sales, by its name."""
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text()
