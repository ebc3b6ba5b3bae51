"""Segments for the shop's back end: parse, call, render."""

import re
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from config.kit.api import Page
from config.kit.refusal import NotFound, Refusal
from segments.api.serializers import (
    ChangesSerializer,
    ExplanationSerializer,
    MemberSerializer,
    NewSegmentSerializer,
    PreviewSerializer,
    RuleSerializer,
    SegmentSerializer,
)
from segments.models import Membership, MembershipChange, Segment
from segments.rules.schema import json_schema
from segments.services.explain import explain
from segments.services.preview import preview
from segments.services.segments import create_segment
from users.api.auth import ForServer
from users.api.idempotency import effectless, idempotent
from users.services.find import by_user_id

CHANGES = 500
CURSOR = re.compile(r"(\d{1,18})-(\d{1,18})")


def segment_of(pk: int) -> Segment:
    """The segment of that number. Raises NotFound."""
    found = Segment.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such segment."))
    return found


class ByName(Page):
    """In the order of names."""

    ordering = ("name",)


class ByCustomer(Page):
    """In the order of customers."""

    ordering = ("customer_id",)


@extend_schema_view(get=extend_schema(operation_id="segments"))
class Segments(ForServer, ListAPIView[Segment]):
    """All segments; POST makes one."""

    serializer_class = SegmentSerializer
    pagination_class = ByName
    queryset = Segment.objects.all()

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "now": clock.now()}

    @extend_schema(
        operation_id="segment_create", request=NewSegmentSerializer, responses={201: SegmentSerializer}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Make a segment; it is computed within seconds."""
        asked = NewSegmentSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = create_segment(by=None, actor=self.server.caller, **asked.validated_data)
        return Response(SegmentSerializer(made, context={"now": clock.now()}).data, status=201)


class OneSegment(ForServer):
    """One segment."""

    @extend_schema(operation_id="segment", responses=SegmentSerializer)
    def get(self, request: Request, segment_id: int) -> Response:
        shown = SegmentSerializer(segment_of(segment_id), context={"now": clock.now()})
        return Response(shown.data)


class RuleSchema(ForServer):
    """The JSON Schema of rules."""

    @extend_schema(operation_id="segment_rule_schema", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        return Response(json_schema())


class PreviewRule(ForServer):
    """What a rule would select; makes nothing."""

    @extend_schema(operation_id="segment_preview", request=RuleSerializer, responses=PreviewSerializer)
    @effectless
    def post(self, request: Request) -> Response:
        asked = RuleSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        return Response(PreviewSerializer(preview(given["rule"], clock.now(), exact=given["exact"])).data)


@extend_schema_view(get=extend_schema(operation_id="segment_members"))
class Members(ForServer, ListAPIView[Membership]):
    """The members as of the segment's ``computed_at``."""

    serializer_class = MemberSerializer
    pagination_class = ByCustomer
    queryset = Membership.objects.none()

    def get_queryset(self) -> Any:
        segment = segment_of(self.kwargs["segment_id"])
        return Membership.objects.filter(segment=segment).select_related("customer")


class Changes(ForServer):
    """Who came and left since a cursor."""

    @extend_schema(
        operation_id="segment_changes",
        parameters=[OpenApiParameter("cursor", OpenApiTypes.STR, description="Of the last answer.")],
        responses=ChangesSerializer,
    )
    def get(self, request: Request, segment_id: int) -> Response:
        segment = segment_of(segment_id)
        run, customer = _cursor(request.query_params.get("cursor", "0-0"))
        later = Q(run_id__gt=run) | Q(run_id=run, customer_id__gt=customer)
        rows = MembershipChange.objects.filter(later, segment=segment, run_id__gte=run)
        found = list(rows.select_related("customer").order_by("run_id", "customer_id")[: CHANGES + 1])
        shown = found[:CHANGES]
        cursor = f"{shown[-1].run_id}-{shown[-1].customer_id}" if shown else f"{run}-{customer}"
        answer = {"results": shown, "cursor": cursor, "more": len(found) > CHANGES}
        return Response(ChangesSerializer(answer).data)


class Explain(ForServer):
    """Why a customer is in the segment, or not."""

    @extend_schema(
        operation_id="segment_explain",
        parameters=[OpenApiParameter("user_id", OpenApiTypes.STR, required=True)],
        responses=ExplanationSerializer,
    )
    def get(self, request: Request, segment_id: int) -> Response:
        customer = by_user_id(request.query_params.get("user_id", "").replace("\0", ""))
        return Response(ExplanationSerializer(explain(segment_of(segment_id), customer.pk, clock.now())).data)


def _cursor(text: str) -> tuple[int, int]:
    match = CURSOR.fullmatch(text)
    if match is None:
        raise Refusal("bad_cursor", _("This is no cursor of ours."), field="cursor")
    return int(match[1]), int(match[2])
