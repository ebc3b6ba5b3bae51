"""What is held about purchases beyond the orders, and what shops delivered (``users/privacy.py``)."""

from django.utils.translation import gettext_lazy as _

from users.models import (
    Category,
    CategoryName,
    ExchangeRate,
    OrderClaim,
    OwnedProduct,
    ShopConnection,
    ShopDelivery,
)
from users.privacy import Erase, Holding, Traces, holds, impersonal, quotes

holds(
    Holding(
        OwnedProduct,
        _("Products owned"),
        45,
        Erase.DELETE,
        {
            "product_id": _("Product"),
            "serial": _("Serial number"),
            "since": _("Since"),
            "warranty_end": _("Warranty until"),
            "source": _("How it is known"),
            "order_number": _("Order"),
        },
    )
)
holds(
    Holding(
        OrderClaim,
        _("Orders told as another customer's"),
        46,
        Erase.DELETE,
        {"source": _("Order source"), "number": _("Order"), "claimed_at": _("Time")},
    )
)


def forget_deliveries(traces: Traces) -> int:
    """Delete what shops delivered about the person: under his id, or naming his address anywhere."""
    ids = [value for kind, value in traces.identities if kind in ("user_id", "anonymous_id")]
    found = ShopDelivery.objects.filter(user_id__in=[*ids, traces.user_id or "-"])
    gone = found.delete()[0]
    for word in traces.words:
        gone += ShopDelivery.objects.extra(
            where=["position(%s in body) > 0"], params=[word.encode()]
        ).delete()[0]
    return gone


quotes(
    ShopDelivery,
    _("Deliveries of shops"),
    clean=forget_deliveries,
    columns=("key", "topic", "code", "user_id"),
)
impersonal(Category, "name", "path", why="categories of products")
impersonal(CategoryName, "text", why="categories of products")
impersonal(ExchangeRate, "currency", why="rates of currencies")
impersonal(
    ShopConnection,
    "kind",
    "name",
    "source",
    "token",
    "client_id",
    "secret",
    "failure",
    why="the shop's own set-up",
)
