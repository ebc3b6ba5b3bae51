"""Orders for the shop's back end: the list, one, told, changed, given back, cancelled."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from config.kit.refusal import Refusal
from users.api.asked import Sync, customer_asked_for
from users.api.auth import ForServer
from users.api.idempotency import idempotent
from users.api.order_shapes import (
    STATES,
    CancelSerializer,
    ChangeOrderSerializer,
    NewOrderSerializer,
    NewRefundSerializer,
    OneOrderSerializer,
    OrderSerializer,
    OrdersQuery,
    with_parts,
)
from users.models import Order
from users.services import order_acts
from users.services.find import by_id
from users.services.intake import at_once

BOUGHT = OpenApiExample(
    "A paid order",
    request_only=True,
    value={
        "number": "2026-1001", "user_id": "u-1001", "currency": "CNY", "total": 26800, "shipping": 800,
        "lines": [{"line_id": "1", "product_id": "tea-7", "name": "Oolong", "quantity": 2, "price": 13000}],
    },
)  # fmt: skip
BACK = OpenApiExample(
    "A line given back",
    request_only=True,
    value={"refund_id": "r-1", "amount": 13000, "lines": [{"line_id": "1"}]},
)
EARLIEST_YEAR = 1971


class OfOrders(ForServer):
    """A view of orders."""

    area = "orders"

    def told(
        self, act: Any, source: str, number: str, told: dict[str, Any], now: datetime, status: int = 200
    ) -> Response:
        """Say something of the order of the address; the order as it is then."""
        at = _at(told, "at", now)
        order = order_acts.order_of(source, number)
        done = act(order, told, at=at, key=self.server.key_id, actor=self.server.caller, now=now)
        return _shown(done, status)


class ByTime(Sync):
    """The newest first."""

    usual = ("-ordered_at", "customer_id", "source", "number")
    changes = ("changed_at", "customer_id", "source", "number")


class Orders(OfOrders, ListAPIView[Order]):
    """Orders; POST tells one."""

    serializer_class = OrderSerializer
    pagination_class = ByTime
    queryset = Order.objects.none()
    query: ClassVar[Mapping[str, Collection[str]]] = {"GET": OrdersQuery.names()}

    def get_queryset(self) -> QuerySet[Order]:
        asked = OrdersQuery.of(self.request)
        found = Order.objects.select_related("customer").filter(customer__erased_at=None)
        if customer := customer_asked_for(asked):
            found = found.filter(customer=customer)
        if "state" in asked:
            found = found.filter(STATES[asked["state"]])
        names = {
            "source": "source", "number": "number", "placed_since": "ordered_at__gte",
            "placed_before": "ordered_at__lt", "updated_since": "changed_at__gte",
        }  # fmt: skip
        return found.filter(**{field: asked[name] for name, field in names.items() if name in asked})

    def paginate_queryset(self, queryset: Any) -> Any:
        """With what belongs to the orders of the page."""
        return with_parts(super().paginate_queryset(queryset) or [])

    @extend_schema(operation_id="orders", parameters=[OrdersQuery])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The newest first; with `updated_since` in the order of the changes."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="order_place",
        request=NewOrderSerializer,
        responses={200: OneOrderSerializer, 201: OneOrderSerializer},
        examples=[BOUGHT],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """As `Order Completed` with a server key: 201 for a new number, 200 for one that is known.

        Of each field what was told last holds, by the instant it speaks of: an order told again at its
        `ordered_at` changes nothing that was said of it later. 409 `order_of_another`: it is another customer's.
        """
        told, now = _read(NewOrderSerializer, request), clock.now()
        order, is_new = order_acts.place(
            told,
            name=_name(told),
            at=_at(told, "ordered_at", now),
            key=self.server.key_id,
            actor=self.server.caller,
            now=now,
        )
        return _shown(order, 201 if is_new else 200)


class OneOrder(OfOrders):
    """One order."""

    @extend_schema(operation_id="order", responses=OneOrderSerializer)
    def get(self, request: Request, source: str, number: str) -> Response:
        return _shown(order_acts.order_of(source, number))

    @extend_schema(operation_id="order_change", request=ChangeOrderSerializer, responses=OneOrderSerializer)
    @idempotent
    def patch(self, request: Request, source: str, number: str) -> Response:
        """As `Order Updated`: what is named changes, unless something later was said of it."""
        told, now = _read(ChangeOrderSerializer, request), clock.now()
        if not told.keys() - {"at", "currency"}:
            raise Refusal("nothing_told", _("Say what has changed."))
        return self.told(order_acts.change, source, number, told, now)


class Refunds(OfOrders):
    """Money given back."""

    @extend_schema(
        operation_id="order_refund",
        request=NewRefundSerializer,
        responses={201: OneOrderSerializer},
        examples=[BACK],
    )
    @idempotent
    def post(self, request: Request, source: str, number: str) -> Response:
        """As `Order Refunded`. The same `refund_id` again changes nothing. 409 `refund_over_total`: too much."""
        return self.told(
            order_acts.refund, source, number, _read(NewRefundSerializer, request), clock.now(), 201
        )


class Cancel(OfOrders):
    """Cancelling."""

    @extend_schema(operation_id="order_cancel", request=CancelSerializer, responses=OneOrderSerializer)
    @idempotent
    def post(self, request: Request, source: str, number: str) -> Response:
        """As `Order Cancelled`: it counts no longer, points and rewards for it are taken back."""
        return self.told(order_acts.cancel, source, number, _read(CancelSerializer, request), clock.now())


def _read(shape: type[Any], request: Request) -> dict[str, Any]:
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def _at(told: dict[str, Any], name: str, now: datetime) -> datetime:
    """When it was; a time to come is refused rather than put right."""
    at: datetime = told.get(name, now)
    if at > now:
        raise Refusal("in_future", _("That has not happened yet."), field=name)
    if at.year < EARLIEST_YEAR:
        raise Refusal("bad_time", _("That is too long ago."), field=name)
    return at


def _name(told: Mapping[str, Any]) -> dict[str, str]:
    """By whom the order was made, as the intake knows them. Refuses none and several."""
    given = [name for name in ("user_id", "anonymous_id", "customer") if name in told]
    if len(given) != 1:
        raise Refusal(
            "one_customer", _("Name one customer: by user_id, anonymous_id or customer."), field="user_id"
        )
    if given == ["customer"]:
        return at_once.name_of(by_id(told["customer"]))
    return {{"user_id": "userId", "anonymous_id": "anonymousId"}[given[0]]: told[given[0]]}


def _shown(order: Order, status: int = 200) -> Response:
    with_parts([order], claims=True)
    return Response(OneOrderSerializer(order).data, status=status)
