"""What belongs to one customer, for the shop's back end: contacts, consents, tags, standing, events, orders."""

import uuid
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from config.kit.api import Page
from config.kit.refusal import Conflict, NotFound
from users.api.customer_shapes import (
    ConsentSerializer,
    ContactSerializer,
    ContactStateSerializer,
    CustomerTagSerializer,
    NewConsentSerializer,
    NewContactSerializer,
    NewTagSerializer,
    WhichContactSerializer,
)
from users.api.customers import OfCustomers
from users.api.idempotency import idempotent
from users.api.standing import StandingSerializer, standing_of
from users.models import Consent, CustomerTag
from users.reports import customer as reports
from users.services import consent_acts, contact_acts, survivors, tags
from users.services.consent_acts import HandAnswer


class Contacts(OfCustomers):
    """Where the customer can be reached."""

    query: ClassVar[Mapping[str, Collection[str]]] = {"DELETE": ("channel", "address")}

    @extend_schema(operation_id="customer_contacts", responses=ContactSerializer(many=True))
    def get(self, request: Request, customer_id: int) -> Response:
        return self._all(customer_id)

    @extend_schema(
        operation_id="customer_contact_add",
        request=NewContactSerializer,
        responses={201: ContactSerializer(many=True)},
    )
    @idempotent
    def post(self, request: Request, customer_id: int) -> Response:
        """Add an address that the customer told; one that is there keeps its state unless `state` says otherwise."""
        told = _read(NewContactSerializer, request)
        found, now, actor = self.customer(customer_id), clock.now(), self.server.caller
        point = contact_acts.add_by_hand(
            found, told["channel"], told["address"], by=None, actor=actor, now=now
        )
        if told.get("state"):
            contact_acts.set_by_hand(
                found, point.channel, point.address, told["state"], by=None, actor=actor, now=now
            )
        return self._all(found.pk, 201)

    @extend_schema(
        operation_id="customer_contact_change",
        request=ContactStateSerializer,
        responses=ContactSerializer(many=True),
    )
    @idempotent
    def patch(self, request: Request, customer_id: int) -> Response:
        """Say what became of an address: `verified`, `bouncing`, `blocked`, or open again (`unverified`)."""
        told = _read(ContactStateSerializer, request)
        found = self.customer(customer_id)
        contact_acts.set_by_hand(
            found,
            told["channel"],
            told["address"],
            told["state"],
            by=None,
            actor=self.server.caller,
            now=clock.now(),
        )
        return self._all(found.pk)

    @extend_schema(
        operation_id="customer_contact_remove",
        request=None,
        parameters=[WhichContactSerializer],
        responses=ContactSerializer(many=True),
    )
    @idempotent
    def delete(self, request: Request, customer_id: int) -> Response:
        """Remove an address. It may come back when somebody tells it again; to keep it out, block it."""
        told = WhichContactSerializer(data=request.query_params.dict())
        told.is_valid(raise_exception=True)
        found, asked = self.customer(customer_id), told.validated_data
        contact_acts.remove_by_hand(
            found, asked["channel"], asked["address"], by=None, actor=self.server.caller
        )
        return self._all(found.pk)

    def _all(self, customer_id: int, status: int = 200) -> Response:
        held = reports.contacts(self.customer(customer_id).pk)
        return Response(ContactSerializer(held, many=True).data, status=status)


class LatestAnswer(Page):
    """The latest answer first."""

    ordering = ("-given_at", "-key")


@extend_schema_view(get=extend_schema(operation_id="customer_consents"))
class Consents(OfCustomers, ListAPIView[Consent]):
    """The ledger of answers, the latest first; those in force are marked. POST adds one."""

    serializer_class = ConsentSerializer
    pagination_class = LatestAnswer
    queryset = Consent.objects.none()

    def get_queryset(self) -> QuerySet[Consent]:
        found = self.customer(self.kwargs["customer_id"])
        return Consent.objects.select_related("topic").filter(customer=found)

    @extend_schema(
        operation_id="customer_consent_record",
        request=NewConsentSerializer,
        responses={201: ConsentSerializer},
    )
    @idempotent
    def post(self, request: Request, customer_id: int) -> Response:
        """Record what the customer said elsewhere. Of two answers the one given later is in force.

        A yes needs wording and evidence. 409 `said_no`: a no is in force that this yes would turn around; say
        `turns_refusal` where the customer has changed their mind since.
        """
        told = _read(NewConsentSerializer, request)
        now, turns = clock.now(), told.pop("turns_refusal")
        answer = HandAnswer(**{"given_at": now, **told})
        held = survivors.hold_one(self.customer(customer_id).pk)
        if answer.granted and not turns and _refused(held, answer):
            raise Conflict(
                "said_no", _("The customer said no. Say turns_refusal if that has changed."), field="granted"
            )
        key = uuid.uuid5(
            uuid.NAMESPACE_OID, f"{self.server.caller}\0{request.headers['Idempotency-Key'].strip()}"
        )
        consent_acts.record_by_hand(
            self.customer(held), answer, key=key, by=None, actor=self.server.caller, now=now
        )
        made = Consent.objects.select_related("topic").get(customer=held, key=f"hand:{key}")
        return Response(ConsentSerializer(made).data, status=201)


def _refused(customer_id: int, answer: HandAnswer) -> bool:
    """Whether a no is in force that this answer would turn around."""
    return Consent.objects.filter(
        customer=customer_id,
        channel=answer.channel,
        topic__slug=answer.topic,
        is_current=True,
        granted=False,
        given_at__lte=answer.given_at,
    ).exists()


class Tags(OfCustomers):
    """The tags on the customer."""

    @extend_schema(operation_id="customer_tags", responses=CustomerTagSerializer(many=True))
    def get(self, request: Request, customer_id: int) -> Response:
        return _tags(self.customer(customer_id).pk)

    @extend_schema(
        operation_id="customer_tag_add",
        request=NewTagSerializer,
        responses={201: CustomerTagSerializer(many=True)},
    )
    @idempotent
    def post(self, request: Request, customer_id: int) -> Response:
        """Put a tag on; one that is on stays."""
        found, told = self.customer(customer_id), _read(NewTagSerializer, request)
        tags.put_on(found, told["tag"], by=None, actor=self.server.caller, now=clock.now())
        return _tags(found.pk, 201)


class OneTag(OfCustomers):
    """One tag on the customer."""

    @extend_schema(
        operation_id="customer_tag_remove", request=None, responses=CustomerTagSerializer(many=True)
    )
    @idempotent
    def delete(self, request: Request, customer_id: int, tag_id: int) -> Response:
        """Take a tag off."""
        found = self.customer(customer_id)
        if not CustomerTag.objects.filter(customer=found, tag=tag_id).exists():
            raise NotFound(_("There is no such tag."))
        tags.take_off(found, tag_id, by=None, actor=self.server.caller)
        return _tags(found.pk)


def _tags(customer_id: int, status: int = 200) -> Response:
    return Response(CustomerTagSerializer(reports.tags(customer_id), many=True).data, status=status)


class Standing(OfCustomers):
    """Where the customer stands."""

    @extend_schema(operation_id="customer_standing", responses=StandingSerializer)
    def get(self, request: Request, customer_id: int) -> Response:
        """Stage, phase and running figures as of now; the figures of the day as of their `as_of`."""
        return Response(StandingSerializer(standing_of(self.customer(customer_id), clock.now())).data)


def _read(shape: type[Any], request: Request) -> dict[str, Any]:
    asked = shape(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)
