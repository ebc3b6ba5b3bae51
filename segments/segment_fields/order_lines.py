"""Products bought: each line of an order that counts, at the instant of the order."""

from functools import partial

from django.db.models import Exists, F, OuterRef
from django.db.models import Value as Constant
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext_lazy as _

from segments.registry import Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import MONEY, NUMBER, TEXT
from segments.segment_fields import past
from segments.segment_fields.categories import CATEGORY, category_paths
from segments.segment_fields.offers import products
from segments.segment_fields.orders import ORDERS
from users.models import OrderLine
from users.topics import TouchTopic


def _bought(as_of: AsOf, name: str | None) -> Rows:
    if not as_of.past:
        return OrderLine.objects.filter(order__counts=True)
    then = past.orders_then(as_of).filter(
        customer=OuterRef("customer_id"), source=OuterRef("source"), number=OuterRef("number")
    )
    return OrderLine.objects.filter(Exists(then))


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
                value="share",
                past=past.line_share_then,
            ),
            "source": buying("source", _("order source"), kind=TEXT),
        },
    ),
)
