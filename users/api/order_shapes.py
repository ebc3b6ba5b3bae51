"""Orders as the shop's back end sees them, and what it says of them: money in minor units of the order's currency."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from users.api.asked import InstantField, Whose
from users.api.customer_shapes import shop_currency
from users.api.serializers import Strict
from users.models import Order, OrderClaim, OrderLine, Refund
from users.orders import LONGEST_NUMBER, MOST_PIECES

Key = tuple[int, str, str]
MOST_LINES = 200
LARGEST = 10**15
STATES: dict[str, Q] = {
    "paid": Q(counts=True, refunded=0),
    "partly_refunded": Q(counts=True, refunded__gt=0),
    "refunded": Q(counts=False, confirmed=True, cancelled_at=None, paid_at__isnull=False),
    "cancelled": Q(confirmed=True, cancelled_at__isnull=False),
    "unpaid": Q(confirmed=True, cancelled_at=None, paid_at=None),
    "unconfirmed": Q(confirmed=False),
}
"""Each order is in exactly one. ``unconfirmed``: only a browser told it; it counts for nothing."""


def state_of(order: Order) -> str:
    """Which of ``STATES`` an order is in."""
    if not order.confirmed:
        return "unconfirmed"
    if order.cancelled_at:
        return "cancelled"
    if not order.paid_at:
        return "unpaid"
    if not order.counts:
        return "refunded"
    return "partly_refunded" if order.refunded else "paid"


class LineSerializer(serializers.ModelSerializer[OrderLine]):
    """A line. ``share``: its part of the order's net, in the shop's currency; null where no line has an amount."""

    class Meta:
        model = OrderLine
        fields = (
            *(
                "line",
                "line_id",
                "product_id",
                "sku",
                "name",
                "category",
                "quantity",
                "price",
                "amount",
                "share",
            ),
        )
        read_only_fields = fields


class RefundLineSerializer(serializers.Serializer[Any]):
    """A line that a refund names; ``quantity`` 0: the whole line, ``amount`` 0: not told."""

    line_id = serializers.CharField(allow_blank=True)
    product_id = serializers.CharField(allow_blank=True)
    sku = serializers.CharField(allow_blank=True)
    quantity = serializers.IntegerField()
    amount = serializers.IntegerField()


class RefundSerializer(serializers.ModelSerializer[Refund]):
    """Money given back; ``net`` in the shop's currency."""

    lines = RefundLineSerializer(many=True, read_only=True)

    class Meta:
        model = Refund
        fields = ("refund_id", "refunded_at", "amount", "net", "lines")
        read_only_fields = fields


class OrderSerializer(serializers.ModelSerializer[Order]):
    """An order. Amounts in ``currency``; ``net`` (total − tax − shipping − refunds) in ``net_currency``, the shop's."""

    customer = serializers.IntegerField(source="customer_id", read_only=True)
    user_id = serializers.CharField(source="customer.user_id", read_only=True, allow_null=True)
    state = serializers.SerializerMethodField()
    net_currency = serializers.SerializerMethodField()
    updated_at = serializers.DateTimeField(source="changed_at", read_only=True, allow_null=True)
    lines = LineSerializer(many=True, read_only=True, source="held_lines")
    refunds = RefundSerializer(many=True, read_only=True, source="held_refunds")

    class Meta:
        model = Order
        fields = (
            *("source", "number", "customer", "user_id", "state", "ordered_at", "paid_at", "cancelled_at"),
            *("currency", "total", "tax", "shipping", "discount", "refunded", "coupon"),
            *("net", "net_currency", "updated_at", "lines", "refunds"),
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=list(STATES)))
    def get_state(self, order: Order) -> str:
        return state_of(order)

    def get_net_currency(self, order: Order) -> str:
        return shop_currency(self)


class ClaimSerializer(serializers.ModelSerializer[OrderClaim]):
    """Another customer as whose the order was told, too; the first keeps it."""

    customer = serializers.IntegerField(source="claimant_id", read_only=True)

    class Meta:
        model = OrderClaim
        fields = ("customer", "claimed_at")
        read_only_fields = fields


class OneOrderSerializer(OrderSerializer):
    """An order with who else was named for it."""

    claims = ClaimSerializer(many=True, read_only=True, source="held_claims")

    class Meta(OrderSerializer.Meta):
        fields: Any = (*OrderSerializer.Meta.fields, "claims")
        read_only_fields = fields


class OrdersQuery(Whose):
    """Which orders."""

    state = serializers.ChoiceField(required=False, choices=list(STATES))
    source = serializers.CharField(required=False, max_length=40)  # type: ignore[assignment]  # a name of the API
    number = serializers.CharField(required=False, max_length=LONGEST_NUMBER)
    placed_since = InstantField(required=False)
    placed_before = InstantField(required=False)
    updated_since = InstantField(
        required=False, help_text="Changed at this instant or later; in the order of the changes."
    )


def _money(**more: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=LARGEST, required=False, **more)


class LineToldSerializer(Strict):
    """A line of an order. ``price``: of one piece."""

    line_id = serializers.CharField(max_length=100, required=False)
    product_id = serializers.CharField(max_length=100, required=False)
    sku = serializers.CharField(max_length=100, required=False)
    name = serializers.CharField(max_length=250, required=False)
    category = serializers.CharField(max_length=100, required=False)
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_PIECES, required=False)
    price = _money()


class OrderToldSerializer(Strict):
    """What can be said of an order."""

    currency = serializers.RegexField("^[A-Za-z]{3}$", required=False)
    total = _money(help_text="What the customer pays: with tax and shipping, less discount.")
    tax = _money()
    shipping = _money()
    discount = _money()
    coupon = serializers.CharField(max_length=100, required=False)
    paid = serializers.BooleanField(
        required=False, help_text="Once paid is paid; money given back is a refund."
    )
    lines = serializers.ListField(child=LineToldSerializer(), required=False, max_length=MOST_LINES)


class ChangeOrderSerializer(OrderToldSerializer):
    """What has changed of an order; what is not named stays. ``lines``: all of them, in place of those before."""

    at = serializers.DateTimeField(required=False, help_text="When this came to be so. Without: now.")


class NewOrderSerializer(OrderToldSerializer):
    """An order to tell. ``paid``: true unless said otherwise. ``source``: `shop` unless said otherwise."""

    number = serializers.CharField(max_length=LONGEST_NUMBER)
    source = serializers.RegexField(  # type: ignore[assignment]  # a name of the API
        "^[a-z0-9][a-z0-9_-]{0,39}$", required=False
    )
    customer = serializers.IntegerField(required=False, min_value=1)
    user_id = serializers.CharField(required=False, max_length=255)
    anonymous_id = serializers.CharField(required=False, max_length=255)
    ordered_at = serializers.DateTimeField(required=False, help_text="Without: now.")
    history = serializers.BooleanField(
        required=False, default=False, help_text="It starts no message or reward."
    )


class LineBackSerializer(Strict):
    """A line given back: by ``line_id``, else ``product_id`` or ``sku``; a line_id alone means all of the line."""

    line_id = serializers.CharField(max_length=100, required=False)
    product_id = serializers.CharField(max_length=100, required=False)
    sku = serializers.CharField(max_length=100, required=False)
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_PIECES, required=False)
    price = _money()
    amount = _money(help_text="Of the line; else quantity × price.")


class NewRefundSerializer(Strict):
    """Money given back. Without ``amount``: what its lines come to; without either: all that is left."""

    refund_id = serializers.CharField(max_length=LONGEST_NUMBER)
    amount = _money()
    currency = serializers.RegexField("^[A-Za-z]{3}$", required=False)
    lines = serializers.ListField(child=LineBackSerializer(), required=False, max_length=MOST_LINES)
    at = serializers.DateTimeField(required=False, help_text="Without: now.")


class CancelSerializer(Strict):
    """When it was cancelled."""

    at = serializers.DateTimeField(required=False, help_text="Without: now.")


def with_parts(orders: Sequence[Order], *, claims: bool = False) -> Sequence[Order]:
    """Orders with their lines and refunds, and on request claims: a query each, however many orders there are."""
    by_key: dict[Key, Any] = {(one.customer_id, one.source, one.number): one for one in orders}
    for name, rows in (
        ("held_lines", OrderLine.objects.order_by("line")),
        ("held_refunds", Refund.objects.order_by("refunded_at", "refund_id")),
        *((("held_claims", OrderClaim.objects.order_by("claimed_at", "claimant_id")),) if claims else ()),
    ):
        for one in orders:
            setattr(one, name, [])
        for row in _of(rows, list(by_key)):
            getattr(by_key[row.customer_id, row.source, row.number], name).append(row)
    return orders


def _of(rows: Any, keys: list[Key]) -> Iterable[Any]:
    """Rows of orders by their whole key, which the primary keys of all three begin with."""
    if not keys:
        return ()
    found: Iterable[Any] = rows.extra(where=["(customer_id, source, number) IN %s"], params=[tuple(keys)])
    return found
