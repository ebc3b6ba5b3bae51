"""Products bought: each line of an order that counts, at the instant of the order."""

from functools import partial

from django.db.models import BigIntegerField, DecimalField, Exists, F, Max, OuterRef, Q, Subquery, Sum
from django.db.models import Value as Constant
from django.db.models.functions import Cast, Coalesce, Floor, NullIf
from django.utils.translation import gettext_lazy as _

from segments.registry import Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import MONEY, NUMBER, TEXT
from segments.rules.operators import Value
from segments.segment_fields import past
from segments.segment_fields.categories import CATEGORY, category_paths
from segments.segment_fields.offers import products
from segments.segment_fields.orders import ORDERS
from users.models import OrderLine
from users.topics import TouchTopic

ORDER_NET = "order__net"


def _bought(as_of: AsOf, name: str | None) -> Rows:
    if not as_of.past:
        return OrderLine.objects.filter(order__counts=True)
    return OrderLine.objects.filter(Exists(past.orders_then(as_of).filter(**_same_order())))


def _share(net: Value) -> Value:
    """The line's part of its order's net, by amount, in whole minor units: the parts add up to the order's net.

    It is what the lines up to this one make, less what those before it make; not known of an order whose lines
    have no amounts.
    """
    amounts = {
        "net": Max(net, output_field=DecimalField()),
        "whole": NullIf(Sum("amount", output_field=DecimalField()), Constant(0, output_field=DecimalField())),
        "after": _sum_of(Q(line__lte=OuterRef("line"))),
        "before": _sum_of(Q(line__lt=OuterRef("line"))),
    }
    lines = OrderLine.objects.filter(**_same_order()).order_by().values("customer_id").annotate(**amounts)
    part = Floor(F("net") * F("after") / F("whole")) - Floor(F("net") * F("before") / F("whole"))
    return Subquery(lines.annotate(part=Cast(part, BigIntegerField())).values("part"))


def _sum_of(which: Q) -> Coalesce:
    nothing = Constant(0, output_field=DecimalField())
    return Coalesce(Sum("amount", filter=which, output_field=DecimalField()), nothing)


def _same_order() -> dict[str, OuterRef]:
    return {
        "customer": OuterRef("customer_id"),
        "source": OuterRef("source"),
        "number": OuterRef("number"),
    }


buying = partial(Field, group=ORDERS, topic=TouchTopic.ORDERS)

register(
    Source(
        "order_lines",
        _("products bought"),
        ORDERS,
        TouchTopic.ORDERS,
        rows=_bought,
        time="order__ordered_at",
        did=_("bought a product"),
        did_not=_("did not buy a product"),
        noun=_("the products bought"),
        properties={
            # As the index on it says, whichever of its two names the order told.
            "product": buying(
                "product",
                _("product"),
                kind=TEXT,
                value=Coalesce(NullIf(F("product_id"), Constant("")), F("sku")),
                suggest=products,
            ),
            "category": buying("category", _("category"), kind=CATEGORY, suggest=category_paths),
            "variant": buying("variant", _("variant (SKU)"), kind=TEXT, value="sku"),
            "quantity": buying("quantity", _("quantity"), kind=NUMBER),
            "amount": buying(
                "amount",
                _("part of the order's net amount"),
                kind=MONEY,
                value=_share(F(ORDER_NET)),
                past=lambda as_of: _share(past.net_then(as_of, ORDER_NET)),
            ),
            "source": buying("source", _("order source"), kind=TEXT),
        },
    ),
)
