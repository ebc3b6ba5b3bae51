"""Customers for the shop's back end: the list, one, made and changed as identify does it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from config.kit.refusal import Conflict, Refusal
from users.api.asked import Sync
from users.api.auth import ForServer
from users.api.customer_filters import CustomersQuery, chosen
from users.api.customer_shapes import (
    ChangeCustomerSerializer,
    CustomerSerializer,
    NewCustomerSerializer,
    with_parts,
)
from users.api.idempotency import idempotent
from users.lent_filters import lent
from users.models import Customer
from users.services import audit, preferences, profile_acts
from users.services.contacts import account_name, email_address, phone_number
from users.services.find import by_id
from users.services.intake import at_once
from users.services.preferences import Wish

NAMES: dict[str, tuple[str, Callable[[str], str | None] | None]] = {
    "email": ("email", email_address),
    "phone": ("phone", phone_number),
    "openid": ("wechatOpenid", account_name),
    "unionid": ("wechatUnionid", account_name),
    "registered_at": ("createdAt", None),
}
"""What is told beside the profile: as identify calls it, and how an address is read."""
LIN = OpenApiExample(
    "A customer who registered",
    request_only=True,
    value={
        "user_id": "u-1001", "name": "Lin Wei", "email": "lin@example.com", "phone": "13800138000", "city": "Suzhou",
        "registered_at": "2026-11-27T08:00:00Z", "attributes": {"skin_type": "dry"},
    },
)  # fmt: skip


class OfCustomers(ForServer):
    """A view of customers."""

    area = "customers"

    def customer(self, customer_id: int) -> Customer:
        """The living customer of the address, or whom they were joined to. Refuses ``not_found``."""
        return by_id(customer_id)


class ByNumber(Sync):
    """In the order in which they were first known: whoever comes meanwhile shifts nobody."""

    usual = ("id",)
    changes = ("changed_at", "id")


class Customers(OfCustomers, ListAPIView[Customer]):
    """All living customers; POST makes one, or finds and changes them."""

    serializer_class = CustomerSerializer
    pagination_class = ByNumber
    queryset = Customer.objects.none()

    @classmethod
    def known_query(cls, method: str) -> set[str]:
        """What apps above lent, too."""
        filters = {*CustomersQuery.names(), *lent.names()} if method in {"GET", "HEAD"} else set()
        return super().known_query(method) | filters

    def get_queryset(self) -> QuerySet[Customer]:
        told = {one.name: self.request.query_params.get(one.name) for one in lent}
        numbers = {name: _number(name, text) for name, text in told.items() if text is not None}
        return with_parts(chosen(CustomersQuery.of(self.request, beside=lent.names()), numbers))

    @extend_schema(
        operation_id="customers",
        parameters=[
            CustomersQuery,
            *(OpenApiParameter(one.name, OpenApiTypes.INT, description=one.about) for one in lent),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Visitors are among them unless `identified` is asked for; several filters hold together."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="customer_make",
        request=NewCustomerSerializer,
        responses={200: CustomerSerializer, 201: CustomerSerializer},
        examples=[LIN],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """As `identify` with a server key: 201 where nobody had that name, 200 where somebody has.

        Keys told together (userId, anonymousId, e-mail, phone, openid) join what was known by each, by the rules of
        identity. 409 `erased`: this person was erased and is not taken up again.
        """
        asked = NewCustomerSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        now, told = clock.now(), dict(asked.validated_data)
        event = _identify(told, now)
        name = {key: event[key] for key in ("userId", "anonymousId") if key in event}
        before = chosen({_FILTER[key]: value for key, value in list(name.items())[:1]}, {}).exists()
        at_once.tell(at_once.read_all([event], now=now), key=self.server.key_id, now=now)
        made = at_once.owner_of(name)
        if told.get("no_profiling"):
            _no_profiling(made, self.server.caller, now)
        audit.record(
            "customer.tell", by=None, actor=self.server.caller, target=made, after={"fields": sorted(told)}
        )
        return Response(shown(made.pk), status=200 if before else 201)


class OneCustomer(OfCustomers):
    """One customer."""

    @extend_schema(operation_id="customer", responses=CustomerSerializer)
    def get(self, request: Request, customer_id: int) -> Response:
        """By our number; by userId: `customers?user_id=`. The number of one who was joined to another leads there."""
        return Response(shown(self.customer(customer_id).pk))

    @extend_schema(
        operation_id="customer_change", request=ChangeCustomerSerializer, responses=CustomerSerializer
    )
    @idempotent
    def patch(self, request: Request, customer_id: int) -> Response:
        """Change what is named; the rest stays. It outdoes what identify calls said before.

        409 `said_no`: `no_profiling` is the customer's own word, which only they take back.
        """
        asked = ChangeCustomerSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told, found, now = dict(asked.validated_data), self.customer(customer_id), clock.now()
        attributes, wish = told.pop("attributes", None), told.pop("no_profiling", None)
        if wish is False and found.no_profiling:
            raise Conflict(
                "said_no", _("The customer said no; only they take it back."), field="no_profiling"
            )
        profile_acts.edit(found, told, attributes=attributes, by=None, actor=self.server.caller, now=now)
        if wish:
            _no_profiling(found, self.server.caller, now)
        return Response(shown(found.pk))


_FILTER = {"userId": "user_id", "anonymousId": "anonymous_id"}


def shown(customer_id: int) -> dict[str, Any]:
    """One customer as the answer."""
    return dict(CustomerSerializer(with_parts(Customer.objects.filter(pk=customer_id)).get()).data)


def _identify(told: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What is told of a customer as an identify call. Refuses what such a call would leave aside."""
    columns = {name: told[name] for name in profile_acts.EDITABLE if name in told}
    traits = profile_acts.traits_of(profile_acts.checked(columns, now))
    traits |= profile_acts.checked_attributes(told.get("attributes", {}), {})
    for name, (trait, read) in NAMES.items():
        if told.get(name):
            value = told[name]
            if read is not None and read(value) is None:
                raise Refusal("bad_address", _("This is no address of that channel."), field=name)
            traits[trait] = value.isoformat() if isinstance(value, datetime) else value
    named = {"userId": told.get("user_id"), "anonymousId": told.get("anonymous_id")}
    return {"type": "identify", "traits": traits, **{key: value for key, value in named.items() if value}}


def _no_profiling(customer: Customer, actor: str, now: datetime) -> None:
    if not customer.no_profiling:
        wish = Wish(key="", source="storefront", answers={}, no_profiling=True)
        preferences.change(customer.pk, wish, now=now)
        audit.record("customer.set", by=None, actor=actor, target=customer, after={"no_profiling": True})


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Refusal("bad_number", _("This is a number."), field=name)
    return int(text)
