"""A shopper's own profile, preferences and push addresses: parse, call, render."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from users.api.auth import ForShopper
from users.api.idempotency import idempotent
from users.api.serializers import (
    ChangePreferencesSerializer,
    ChangeProfileSerializer,
    DeviceSerializer,
    NewDeviceSerializer,
    PreferencesSerializer,
    ProfileSerializer,
    WhichDeviceSerializer,
)
from users.models import Channel, ContactPoint
from users.services import contact_acts, preferences, profile_acts
from users.services.find import by_id
from users.services.preferences import Wish

PUSH = (Channel.APP_PUSH, Channel.WEB_PUSH)


class MyPreferences(ForShopper):
    """What the shopper wants to hear, over what, how often."""

    @extend_schema(operation_id="me_preferences", responses=PreferencesSerializer)
    def get(self, request: Request) -> Response:
        return Response(self._held())

    @extend_schema(
        operation_id="me_preferences_change",
        request=ChangePreferencesSerializer,
        responses=PreferencesSerializer,
    )
    @idempotent
    def put(self, request: Request) -> Response:
        """Say yes or no. A yes by e-mail may be "pending" until the shopper confirms it from the mailbox."""
        asked = ChangePreferencesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told = asked.validated_data
        wish = Wish(
            key=f"me:{self.shopper.customer_id}:{request.headers['Idempotency-Key'].strip()}"[:90],
            source="storefront",
            answers={(one["topic"], one["channel"]): one["granted"] for one in told.get("answers", ())},
            most_per_week=told.get("most_per_week"),
            no_profiling=told.get("no_profiling"),
            wording=told.get("wording", ""),
            ip=request.META.get("REMOTE_ADDR"),
        )
        preferences.change(self.shopper.customer_id, wish, now=clock.now())
        return Response(self._held())

    def _held(self) -> Any:
        customer = by_id(self.shopper.customer_id)
        return PreferencesSerializer(preferences.preferences_of(customer.pk, clock.now())).data


class MyProfile(ForShopper):
    """The shopper's own profile."""

    @extend_schema(operation_id="me_profile", responses=ProfileSerializer)
    def get(self, request: Request) -> Response:
        return Response(ProfileSerializer(by_id(self.shopper.customer_id)).data)

    @extend_schema(
        operation_id="me_profile_change", request=ChangeProfileSerializer, responses=ProfileSerializer
    )
    @idempotent
    def patch(self, request: Request) -> Response:
        """Change what is named; the rest stays."""
        asked = ChangeProfileSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        profile_acts.tell(self.shopper.customer_id, asked.validated_data, now=clock.now())
        return Response(ProfileSerializer(by_id(self.shopper.customer_id)).data)


class MyDevices(ForShopper):
    """Where the shopper's apps and browsers take push messages."""

    query: ClassVar[Mapping[str, Collection[str]]] = {"DELETE": ("channel", "address")}

    @extend_schema(operation_id="me_devices", responses=DeviceSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(self._all())

    @extend_schema(
        operation_id="me_device_add",
        request=NewDeviceSerializer,
        responses={201: DeviceSerializer(many=True)},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Add a token or a subscription; one that is known gets its new keys."""
        asked = NewDeviceSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told = asked.validated_data
        if told["channel"] == Channel.WEB_PUSH:
            address, details = contact_acts.subscription(told["subscription"])
        else:
            address, details = contact_acts.address_of(told["channel"], told["token"])
        contact_acts.add(self.shopper.customer_id, told["channel"], address, details=details, now=clock.now())
        return Response(self._all(), status=201)

    @extend_schema(
        operation_id="me_device_remove",
        parameters=[WhichDeviceSerializer],
        responses=DeviceSerializer(many=True),
    )
    @idempotent
    def delete(self, request: Request) -> Response:
        """Remove one of the shopper's own."""
        asked = WhichDeviceSerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        contact_acts.remove(
            self.shopper.customer_id, asked.validated_data["channel"], asked.validated_data["address"]
        )
        return Response(self._all())

    def _all(self) -> Any:
        found = ContactPoint.objects.filter(customer_id=by_id(self.shopper.customer_id).pk, channel__in=PUSH)
        return DeviceSerializer(found.order_by("channel", "added_at", "address"), many=True).data
