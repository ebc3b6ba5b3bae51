"""What is done with whole customers, for the shop's back end: joining two, a copy of everything, erasing."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.http import FileResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from config.kit.refusal import NotFound, Refusal
from users.api import privacy
from users.api.customer_shapes import CustomerSerializer
from users.api.customers import OfCustomers, shown
from users.api.idempotency import idempotent
from users.api.jobs import JobSerializer
from users.api.privacy import CopySerializer, EraseSerializer, TableSerializer
from users.api.serializers import Strict
from users.services import bundles, erase, hand_join


class MovedSerializer(serializers.Serializer[Any]):
    """How many of one kind of thing each of the two has."""

    title = serializers.CharField()
    kept = serializers.IntegerField()
    absorbed = serializers.IntegerField()


class TraitSerializer(serializers.Serializer[Any]):
    """A trait in which the two differ, and what the joined customer will have."""

    name = serializers.CharField()
    kept = serializers.JSONField(allow_null=True)
    absorbed = serializers.JSONField(allow_null=True)
    result = serializers.JSONField(allow_null=True)


class AnswerOutcomeSerializer(serializers.Serializer[Any]):
    """A topic on a channel that one or both answered; of a yes and a no, no stays."""

    topic = serializers.CharField()
    channel = serializers.CharField()
    kept = serializers.BooleanField(allow_null=True)
    absorbed = serializers.BooleanField(allow_null=True)
    result = serializers.BooleanField()


class ContactOutcomeSerializer(serializers.Serializer[Any]):
    """An address that comes, or that both have, with the state it will be in."""

    channel = serializers.CharField()
    address = serializers.CharField()
    state = serializers.CharField()
    is_shared = serializers.BooleanField()


class JoinPreviewSerializer(serializers.Serializer[Any]):
    """What a join would do. ``confirm`` is to be sent with the join."""

    survivor = serializers.IntegerField(source="survivor.pk")
    absorbed = serializers.IntegerField(source="absorbed.pk")
    confirm = serializers.CharField(source="word")
    moved = MovedSerializer(many=True)
    traits = TraitSerializer(many=True)
    consents = AnswerOutcomeSerializer(many=True)
    contacts = ContactOutcomeSerializer(many=True)


class JoinSerializer(Strict):
    """The other record of the same person; ``confirm``: the word of the preview."""

    other = serializers.IntegerField(min_value=1)
    confirm = serializers.CharField(max_length=20)


class OtherSerializer(Strict):
    """The other record."""

    other = serializers.IntegerField(min_value=1, help_text="The other customer's number.")


class Join(OfCustomers):
    """Two records of one person become one."""

    query: ClassVar[Mapping[str, Collection[str]]] = {"GET": ("other",)}

    @extend_schema(
        operation_id="customer_join_preview",
        parameters=[OpenApiParameter("other", OpenApiTypes.INT, required=True)],
        responses=JoinPreviewSerializer,
    )
    def get(self, request: Request, customer_id: int) -> Response:
        """Look at what would happen. 409 `two_users`: both have a userId, so the shop itself says they are two."""
        asked = OtherSerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        seen = hand_join.preview(self.customer(customer_id).pk, asked.validated_data["other"])
        return Response(JoinPreviewSerializer(seen).data)

    @extend_schema(operation_id="customer_join", request=JoinSerializer, responses=CustomerSerializer)
    @idempotent
    def post(self, request: Request, customer_id: int) -> Response:
        """Join them, for good; the one who stays. Both numbers lead there from now on."""
        asked = JoinSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told, one = asked.validated_data, self.customer(customer_id).pk
        other, word, actor = told["other"], told["confirm"], self.server.caller
        try:
            stays = hand_join.join_by_hand(one, other, typed=word, by=None, actor=actor, now=clock.now())
        except Refusal as refusal:
            if refusal.code == "not_confirmed":
                refusal.field = "confirm"
            raise
        return Response(shown(stays.pk))


class Copy(OfCustomers):
    """A copy of everything held about the customer."""

    acts: ClassVar[Mapping[str, str]] = {"GET": "export", "POST": "export"}

    @extend_schema(operation_id="customer_copy", responses=CopySerializer)
    def get(self, request: Request, customer_id: int) -> Response:
        """The newest that has not expired."""
        copy = bundles.latest(self.customer(customer_id).pk, clock.now())
        if copy is None:
            raise NotFound(_("There is no copy. Ask for one."))
        return Response(CopySerializer(copy).data)

    @extend_schema(operation_id="customer_copy_ask", request=None, responses={202: CopySerializer})
    @idempotent
    def post(self, request: Request, customer_id: int) -> Response:
        """Ask for one, or get the one under way."""
        found = self.customer(customer_id)
        copy = bundles.ask(found.pk, by=None, actor=self.server.caller, now=clock.now())
        return Response(CopySerializer(copy).data, status=202)


class CopyFile(OfCustomers):
    """The file of the copy."""

    acts: ClassVar[Mapping[str, str]] = {"GET": "export"}

    @extend_schema(
        operation_id="customer_copy_file", responses={(200, "application/zip"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, customer_id: int) -> FileResponse:
        found, now = self.customer(customer_id), clock.now()
        copy = bundles.latest(found.pk, now)
        if copy is None:
            raise NotFound(_("There is no copy. Ask for one."))
        path = bundles.opened(found.pk, copy.key, now)
        return FileResponse(path.open("rb"), as_attachment=True, filename=f"customer-{found.pk}.zip")


class ErasureSerializer(serializers.Serializer[Any]):
    """``confirm`` is to be sent back within 15 minutes; once it was, ``job`` is under way."""

    confirm = serializers.CharField(allow_null=True)
    held = TableSerializer(many=True)
    job = JobSerializer(allow_null=True)


class EraseCustomer(OfCustomers):
    """The erasure of a customer: a look at what goes, then the confirmation."""

    acts: ClassVar[Mapping[str, str]] = {"POST": "erase"}

    @extend_schema(operation_id="customer_erase", request=EraseSerializer, responses={202: ErasureSerializer})
    @idempotent
    def post(self, request: Request, customer_id: int) -> Response:
        """Without `confirm` nothing is erased: the answer says what is held, with its fate. It is for good."""
        asked = EraseSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found, confirm = self.customer(customer_id), asked.validated_data.get("confirm")
        if confirm is None:
            told: dict[str, Any] = {**privacy.look_at(found.pk), "job": None}
            return Response(ErasureSerializer(told).data, status=202)
        privacy.check(confirm, found.pk)
        job = erase.ask_to_erase(found, typed=str(found), by=None, actor=self.server.caller)
        return Response(ErasureSerializer({"confirm": None, "held": [], "job": job}).data, status=202)
