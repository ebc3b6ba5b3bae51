"""Points, level and check-in over the storefront API: parse, call, render."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from config.kit.api import Page
from config.kit.refusal import NotFound
from growth.api.serializers import (
    CheckInCalendarSerializer,
    CheckInSerializer,
    EntrySerializer,
    LevelSerializer,
    PointsSerializer,
    SpendSerializer,
    WhoseSerializer,
)
from growth.models import Entry
from growth.reports import points as reports
from growth.services.check_in import check_in
from growth.services.spend import spend
from users.api.auth import ForServer, ForShopper
from users.api.idempotency import idempotent
from users.models import Customer
from users.services.find import by_id, by_user_id


class MyPoints(ForShopper):
    """The shopper's points."""

    @extend_schema(operation_id="me_points", responses=PointsSerializer)
    def get(self, request: Request) -> Response:
        return Response(PointsSerializer(reports.points_of(self.shopper.customer_id, clock.now())).data)


class HistoryPage(Page):
    """Newest first; the key and the account make the order unique."""

    ordering = ("-at", "-key", "account")


@extend_schema_view(get=extend_schema(operation_id="me_points_history"))
class MyPointsHistory(ForShopper, ListAPIView[Entry]):
    """Every movement of the shopper's points, newest first."""

    serializer_class = EntrySerializer
    pagination_class = HistoryPage

    def get_queryset(self) -> Any:
        return reports.history_of(self.shopper.customer_id)


class MyLevel(ForShopper):
    """The shopper's level."""

    @extend_schema(operation_id="me_level", responses=LevelSerializer)
    def get(self, request: Request) -> Response:
        standing = reports.standing_of(self.shopper.customer_id)
        if standing is None:
            raise NotFound(_("This shop has no levels."))
        return Response(LevelSerializer(standing).data)


class MyCheckIn(ForShopper):
    """The shopper's daily check-in."""

    @extend_schema(operation_id="me_check_in_calendar", responses=CheckInCalendarSerializer)
    def get(self, request: Request) -> Response:
        return Response(CheckInCalendarSerializer(reports.calendar_of(self._customer(), clock.now())).data)

    @extend_schema(operation_id="me_check_in", request=None, responses={201: CheckInSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Check in for today. Doing it twice on one date is no error and gives nothing twice."""
        done = check_in(self._customer(), now=clock.now())
        return Response(CheckInSerializer(done).data, status=201 if done.is_new else 200)

    def _customer(self) -> Customer:
        return by_id(self.shopper.customer_id)


class CustomerPoints(ForServer):
    """A customer's points, for the shop's back end."""

    area = "points"
    query: ClassVar[Mapping[str, Collection[str]]] = {"GET": ("user_id",)}

    @extend_schema(operation_id="points", parameters=[WhoseSerializer], responses=PointsSerializer)
    def get(self, request: Request) -> Response:
        asked = WhoseSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        customer = by_user_id(asked.validated_data["user_id"])
        return Response(PointsSerializer(reports.points_of(customer.pk, clock.now())).data)


class SpendPoints(ForServer):
    """The shop's back end spends a customer's points, as its checkout does."""

    area = "points"

    @extend_schema(operation_id="points_spend", request=SpendSerializer, responses={201: PointsSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Spend; 409 ``not_enough_points`` when there are too few."""
        asked = SpendSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted, now = asked.validated_data, clock.now()
        customer = by_user_id(wanted["user_id"])
        key = f"spend:{self.server.caller}:{request.headers['Idempotency-Key'].strip()}"
        spend(customer.pk, wanted["points"], key=key, note=wanted["note"], now=now)
        return Response(PointsSerializer(reports.points_of(customer.pk, now)).data, status=201)
