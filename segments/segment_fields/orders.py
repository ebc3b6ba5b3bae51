"""Orders: the running figures of a customer, and the single orders with their lines."""

from functools import partial

from django.db.models import BooleanField, Case, Count, Exists, F, OuterRef, Value, When
from django.utils.translation import gettext_lazy as _

from segments.registry import Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import FLAG, INSTANT, MONEY, NUMBER, TEXT
from segments.segment_fields import past
from segments.segment_fields.categories import CATEGORY, category_paths
from segments.segment_fields.offers import products
from users.models import Order, OrderLine, Refund
from users.topics import TouchTopic

ORDERS = _("Orders")
ORDER_LINE = {"customer": "customer_id", "source": "source", "number": "number"}


def _orders(as_of: AsOf, name: str | None) -> Rows:
    return past.orders_then(as_of) if as_of.past else Order.objects.filter(counts=True)


def _cancelled(as_of: AsOf, name: str | None) -> Rows:
    return Order.objects.filter(confirmed=True, cancelled_at__isnull=False)


def _refunds(as_of: AsOf, name: str | None) -> Rows:
    return Refund.objects.filter(confirmed=True)


def _categories_bought() -> Rows:
    """How many categories the orders of each customer that count are of."""
    same = {name: OuterRef(name) for name in ("customer", "source", "number")}
    lines = OrderLine.objects.filter(Exists(Order.objects.filter(counts=True, **same))).exclude(category="")
    return lines.values("customer_id").annotate(categories=Count("category", distinct=True))


ordering = partial(Field, group=ORDERS, topic=TouchTopic.ORDERS)

PARTLY_REFUNDED = Case(
    When(refunded__gt=0, then=Value(True)), default=Value(False), output_field=BooleanField()
)
# A refund or a cancelled order still knows the lines of its order.
BY_LINE = {
    "category": ordering(
        "category",
        _("category"),
        kind=CATEGORY,
        rows=OrderLine.objects.all,
        link=ORDER_LINE,
        suggest=category_paths,
    ),
    "product": ordering(
        "product",
        _("product"),
        kind=TEXT,
        value="product_id",
        rows=OrderLine.objects.all,
        link=ORDER_LINE,
        suggest=products,
    ),
}

register(
    ordering(
        "categories_bought",
        _("number of categories bought from"),
        kind=NUMBER,
        value=F("categories"),
        rows=_categories_bought,
        absent=0,
    ),
    Source(
        "cancelled_orders",
        _("cancelled orders"),
        ORDERS,
        TouchTopic.ORDERS,
        rows=_cancelled,
        time="cancelled_at",
        did=_("cancelled an order"),
        did_not=_("did not cancel an order"),
        noun=_("the cancelled orders"),
        properties={"source": ordering("source", _("order source"), kind=TEXT), **BY_LINE},
    ),
    Source(
        "refunds",
        _("refunds"),
        ORDERS,
        TouchTopic.ORDERS,
        rows=_refunds,
        time="refunded_at",
        did=_("got a refund"),
        did_not=_("got no refund"),
        noun=_("the refunds"),
        properties={
            "net": ordering("net", _("net amount"), kind=MONEY),
            "source": ordering("source", _("order source"), kind=TEXT),
            **BY_LINE,
        },
    ),
    ordering(
        "orders",
        _("number of orders in life"),
        kind=NUMBER,
        value="standing__orders",
        past=past.order_count_then,
    ),
    ordering(
        "revenue", _("money spent in life"), kind=MONEY, value="standing__revenue", past=past.revenue_then
    ),
    ordering(
        "first_order",
        _("first order"),
        kind=INSTANT,
        value="standing__first_order_at",
        past=past.first_order_then,
    ),
    ordering(
        "last_order",
        _("last order"),
        kind=INSTANT,
        value="standing__last_order_at",
        past=past.last_order_then,
    ),
    Source(
        "orders",
        _("orders"),
        ORDERS,
        TouchTopic.ORDERS,
        rows=_orders,
        time="ordered_at",
        did=_("ordered"),
        did_not=_("did not order"),
        noun=_("the orders"),
        properties={
            "net": ordering("net", _("net amount"), kind=MONEY, past=past.net_then),
            "coupon": ordering("coupon", _("coupon"), kind=TEXT),
            "source": ordering("source", _("order source"), kind=TEXT),
            "refunded": ordering(
                "refunded",
                _("partly refunded"),
                kind=FLAG,
                value=PARTLY_REFUNDED,
                past=past.partly_refunded_then,
            ),
            **BY_LINE,
        },
        copied=("source", "number", "counts", "net", "coupon", "refunded"),
    ),
)
