"""Webhooks for the shop's back end: registered, changed, tried out, their log read, deliveries sent again."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit.api import Page
from config.kit.refusal import NotFound, Refusal
from segments.api.serializers import Strict
from segments.models import Endpoint, WebhookDelivery
from segments.services.webhooks import endpoints
from segments.services.webhooks.deliver import parked_of
from users.api.auth import ForServer
from users.api.idempotency import idempotent

EVENTS = [("entered", "entered"), ("left", "left")]


class WebhookSerializer(serializers.ModelSerializer[Endpoint]):
    """An endpoint. ``state``: ``disabled`` after three days of failure or a 410.

    ``set_aside``: requests that the receiver refused too often; the deliveries in the state ``parked``.
    """

    segments = serializers.SerializerMethodField()
    events = serializers.SerializerMethodField()
    set_aside = serializers.SerializerMethodField()

    class Meta:
        model = Endpoint
        fields: tuple[str, ...] = (
            "id", "name", "url", "segments", "events", "state", "failing_since", "problem", "set_aside",
            "delivered_at", "created_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_segments(self, endpoint: Endpoint) -> list[int]:
        return sorted(row.segment_id for row in endpoint.subscriptions.all())

    def get_events(self, endpoint: Endpoint) -> list[str]:
        return endpoints.events_of(endpoint)

    def get_set_aside(self, endpoint: Endpoint) -> int:
        return parked_of(endpoint).count()


class WebhookWithSecretSerializer(WebhookSerializer):
    """An endpoint with its secret, which is shown only here; null when the answer is a repeated one."""

    secret = serializers.CharField(read_only=True, allow_null=True)

    class Meta(WebhookSerializer.Meta):
        fields: tuple[str, ...] = (*WebhookSerializer.Meta.fields, "secret")


class NewWebhookSerializer(Strict):
    """An endpoint to register."""

    name = serializers.CharField(max_length=100)
    url = serializers.CharField(max_length=500)
    segments = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=100)
    events = serializers.ListField(
        child=serializers.ChoiceField(EVENTS), required=False, default=["entered", "left"]
    )


class EditWebhookSerializer(Strict):
    """What is to change. ``state``: ``on`` goes on where it stopped, ``on_from_now`` leaves out what waited."""

    name = serializers.CharField(max_length=100, required=False)
    url = serializers.CharField(max_length=500, required=False)
    segments = serializers.ListField(
        child=serializers.IntegerField(min_value=1), max_length=100, required=False
    )
    events = serializers.ListField(child=serializers.ChoiceField(EVENTS), required=False)
    switch = serializers.ChoiceField(
        [("on", "on"), ("on_from_now", "on_from_now"), ("paused", "paused")], required=False
    )


class DeliverySerializer(serializers.ModelSerializer[WebhookDelivery]):
    """One request. ``number`` is the `webhook-id` that the receiver saw."""

    class Meta:
        model = WebhookDelivery
        fields = (
            "id", "number", "kind", "changes", "state", "attempts", "status", "problem", "milliseconds", "created_at",
            "tried_at",
        )  # fmt: skip
        read_only_fields = fields


class ByNumber(Page):
    """The newest first."""

    ordering = ("-id",)


class ByEndpointName(Page):
    """By name."""

    ordering = ("name", "id")


def endpoint_of(pk: int) -> Endpoint:
    """The endpoint of that number. Raises NotFound."""
    found = Endpoint.objects.prefetch_related("subscriptions").filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such webhook."))
    return found


class OfWebhooks(ForServer):
    """A view of webhooks, for the back end."""

    area = "webhooks"


@extend_schema_view(get=extend_schema(operation_id="webhooks"))
class Webhooks(OfWebhooks, ListAPIView[Endpoint]):
    """All endpoints; POST registers one."""

    serializer_class = WebhookSerializer
    pagination_class = ByEndpointName
    queryset = Endpoint.objects.prefetch_related("subscriptions")
    said_once = ("secret",)

    @extend_schema(
        operation_id="webhook_create",
        request=NewWebhookSerializer,
        responses={201: WebhookWithSecretSerializer},
        examples=[
            OpenApiExample(
                "Who entered",
                request_only=True,
                value={
                    "name": "CRM", "url": "https://crm.example.com/hooks/regulars", "segments": [7],
                    "events": ["entered"],
                },
            )
        ],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """Register an endpoint; the answer holds the secret it is signed with.

        It is not stored: the same call again gets null. Who lost it asks for a new one (`POST <id>/secret`).
        """
        asked = NewWebhookSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = endpoints.create(**asked.validated_data, by=None, actor=self.server.caller)
        return Response(WebhookWithSecretSerializer(made).data, status=201)


class OneWebhook(OfWebhooks):
    """One endpoint."""

    @extend_schema(operation_id="webhook", responses=WebhookSerializer)
    def get(self, request: Request, endpoint_id: int) -> Response:
        return Response(WebhookSerializer(endpoint_of(endpoint_id)).data)

    @extend_schema(operation_id="webhook_edit", request=EditWebhookSerializer, responses=WebhookSerializer)
    @idempotent
    def patch(self, request: Request, endpoint_id: int) -> Response:
        """Change what is named, pause, or switch on again."""
        asked = EditWebhookSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told = dict(asked.validated_data)
        wanted, actor = told.pop("switch", None), self.server.caller
        found = endpoint_of(endpoint_id)
        if told:
            endpoints.edit(found, **told, by=None, actor=actor)
        if wanted is not None:
            endpoints.switch(
                found, is_on=wanted != "paused", skip=wanted == "on_from_now", by=None, actor=actor
            )
        return Response(WebhookSerializer(endpoint_of(endpoint_id)).data)

    @extend_schema(operation_id="webhook_delete", request=None, responses={204: None})
    @idempotent
    def delete(self, request: Request, endpoint_id: int) -> Response:
        """Remove an endpoint with its log."""
        endpoints.delete(endpoint_of(endpoint_id), by=None, actor=self.server.caller)
        return Response(status=204)


class WebhookSecret(OfWebhooks):
    """The secret that requests are signed with."""

    said_once = ("secret",)

    @extend_schema(operation_id="webhook_secret", request=None, responses={201: WebhookWithSecretSerializer})
    @idempotent
    def post(self, request: Request, endpoint_id: int) -> Response:
        """Make a new secret, by which requests are signed from now on. The same call again gets null."""
        endpoints.renew_secret(endpoint_of(endpoint_id), by=None, actor=self.server.caller)
        return Response(WebhookWithSecretSerializer(endpoint_of(endpoint_id)).data, status=201)


class PingWebhook(OfWebhooks):
    """A trial."""

    @extend_schema(operation_id="webhook_ping", request=None, responses={202: DeliverySerializer})
    @idempotent
    def post(self, request: Request, endpoint_id: int) -> Response:
        """Send a request of type `ping` within seconds; its line in the log says how it went."""
        made = endpoints.ping(endpoint_of(endpoint_id), by=None, actor=self.server.caller)
        return Response(DeliverySerializer(made).data, status=202)


@extend_schema_view(
    get=extend_schema(
        operation_id="webhook_deliveries",
        parameters=[OpenApiParameter("state", enum=WebhookDelivery.State.values)],
    )
)
class Deliveries(OfWebhooks, ListAPIView[WebhookDelivery]):
    """The requests of the last thirty days, the newest first; `?state=parked`: those that were set aside."""

    serializer_class = DeliverySerializer
    pagination_class = ByNumber
    query: ClassVar[Mapping[str, Collection[str]]] = {"GET": ("state",)}
    queryset = WebhookDelivery.objects.none()

    def get_queryset(self) -> Any:
        found = WebhookDelivery.objects.filter(endpoint=endpoint_of(self.kwargs["endpoint_id"]))
        state = self.request.query_params.get("state")
        if state is not None and state not in WebhookDelivery.State.values:
            raise Refusal("bad_state", _("There is no such state."), field="state")
        return found if state is None else found.filter(state=state)


class ReplayDelivery(OfWebhooks):
    """Sending again."""

    @extend_schema(operation_id="webhook_replay", request=None, responses={202: DeliverySerializer})
    @idempotent
    def post(self, request: Request, endpoint_id: int, delivery_id: int) -> Response:
        """Send the changes of a delivery once more under a new id; the changes keep theirs."""
        found = endpoint_of(endpoint_id).deliveries.filter(pk=delivery_id).first()
        if found is None:
            raise NotFound(_("There is no such delivery."))
        made = endpoints.replay(found, by=None, actor=self.server.caller)
        return Response(DeliverySerializer(made).data, status=202)
