"""Orders: the running figures of a customer, and the single orders with their lines."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from segments.registry import Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import INSTANT, MONEY, NUMBER, TEXT
from segments.segment_fields import past
from segments.segment_fields.categories import CATEGORY, category_paths
from segments.segment_fields.offers import products
from users.models import Order, OrderLine
from users.topics import TouchTopic

ORDERS = _("Orders")
ORDER_LINE = {"customer": "customer_id", "source": "source", "number": "number"}


def _orders(as_of: AsOf, name: str | None) -> Rows:
    return past.orders_then(as_of) if as_of.past else Order.objects.filter(counts=True)


ordering = partial(Field, group=ORDERS, topic=TouchTopic.ORDERS)

register(
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
        },
    ),
)
