"""Segments for the shop's back end: parse, call, render."""

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from config.kit.api import Page
from config.kit.instants import instant
from config.kit.refusal import Conflict, NotFound, Refusal
from segments.admin.form import sentence_of
from segments.api.limits import PerKeyLooking
from segments.api.serializers import (
    ChangedListSerializer,
    ChangesSerializer,
    EditSegmentSerializer,
    ExplanationSerializer,
    MemberSerializer,
    NamedMembersSerializer,
    NewSegmentSerializer,
    PreviewSerializer,
    RuleSerializer,
    SegmentSerializer,
    VersionSerializer,
)
from segments.models import Membership, Segment, SegmentKind
from segments.rules.schema import json_schema
from segments.rules.words import Words
from segments.services import lists, named
from segments.services.changes import changes_of, decode, since
from segments.services.explain_list import explain_any, explain_at
from segments.services.preview import preview
from segments.services.segments import create_segment, delete_segment, edit_segment, edition
from users.api.auth import ForServer
from users.api.idempotency import effectless, idempotent
from users.scopes import READ
from users.services.find import whom
from users.tracking.times import EARLIEST

CHANGES = 500
SPENT_MUCH = {
    "version": 1,
    "root": {
        "all": [
            {"field": "revenue", "op": "at_least", "value": 30000},
            {"may_receive": "email", "topic": "news"},
        ]
    },
}
BY_RULE = OpenApiExample(
    "By rule", request_only=True, value={"name": "Big spenders to write to", "rule": SPENT_MUCH}
)
A_LIST = OpenApiExample(
    "A list", request_only=True, value={"kind": "list", "name": "Guests of the opening", "folder": "Events"}
)
IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The ETag (`edition`) that was read."
)
GUESTS = OpenApiExample(
    "Two guests",
    request_only=True,
    value={"how": "add", "members": [{"user_id": "u-1001"}, {"email": "lin@example.com"}]},
)


def segment_of(pk: int) -> Segment:
    """The segment of that number. Raises NotFound."""
    found = Segment.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such segment."))
    return found


def shown(segment: Segment, status: int = 200) -> Response:
    """A segment as the answer, with its edition as the ETag."""
    told = SegmentSerializer(segment, context={"now": clock.now()}).data
    return Response(told, status=status, headers={"ETag": f'"{edition(segment)}"'})


class OfSegments(ForServer):
    """A view of segments, for the back end."""

    area = "segments"


class ByName(Page):
    """In the order of names."""

    ordering = ("name",)


class ByCustomer(Page):
    """In the order of customers: whoever comes or leaves meanwhile shifts nobody else."""

    ordering = ("customer_id",)


@extend_schema_view(get=extend_schema(operation_id="segments"))
class Segments(OfSegments, ListAPIView[Segment]):
    """All segments; POST makes one."""

    serializer_class = SegmentSerializer
    pagination_class = ByName
    queryset = Segment.objects.all()

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "now": clock.now()}

    @extend_schema(
        operation_id="segment_create",
        request=NewSegmentSerializer,
        responses={201: SegmentSerializer},
        examples=[BY_RULE, A_LIST],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Make a segment, which is computed within seconds, or an empty list."""
        asked = NewSegmentSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told = dict(asked.validated_data)
        if told.pop("kind") == SegmentKind.LIST:
            del told["means_everyone"]
            return shown(lists.create_list(by=None, actor=self.server.caller, **told), 201)
        return shown(create_segment(by=None, actor=self.server.caller, **told), 201)


class OneSegment(OfSegments):
    """One segment."""

    @extend_schema(operation_id="segment", responses=SegmentSerializer)
    def get(self, request: Request, segment_id: int) -> Response:
        return shown(segment_of(segment_id))

    @extend_schema(
        operation_id="segment_edit",
        request=EditSegmentSerializer,
        responses=SegmentSerializer,
        parameters=[IF_MATCH],
    )
    @idempotent
    def patch(self, request: Request, segment_id: int) -> Response:
        """Change what is named. A changed rule is a new version and is computed anew.

        With `If-Match` it is changed only if nobody else changed it meanwhile; else 412 `changed_meanwhile`.
        """
        asked = EditSegmentSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        told, over = asked.validated_data, _edition_asked_for(request)
        segment = segment_of(segment_id)
        try:
            return shown(edit_segment(segment, by=None, actor=self.server.caller, over=over, **told))
        except Conflict as conflict:
            if conflict.code == "changed_meanwhile":
                conflict.status = 412
            raise

    @extend_schema(operation_id="segment_delete", request=None, responses={204: None})
    @idempotent
    def delete(self, request: Request, segment_id: int) -> Response:
        """Remove a segment with its members and history; 409 `segment_in_use` while something uses it."""
        delete_segment(segment_of(segment_id), by=None, actor=self.server.caller)
        return Response(status=204)


def _edition_asked_for(request: Request) -> str | None:
    """The edition that the caller has seen; None: any."""
    told = request.headers.get("If-Match", "").strip()
    return None if told in {"", "*"} else told.removeprefix("W/").strip('"') or "none"


class Versions(OfSegments):
    """The rules that a segment has had, the newest first."""

    @extend_schema(operation_id="segment_versions", responses=VersionSerializer(many=True))
    def get(self, request: Request, segment_id: int) -> Response:
        words = Words()
        rows = segment_of(segment_id).versions.select_related("made_by").order_by("-version")
        told = [
            {
                "version": row.version,
                "rule": row.rule,
                "sentence": sentence_of(row.rule, words),
                "made_at": row.made_at,
                "made_by": str(row.made_by) if row.made_by else None,
            }
            for row in rows
        ]
        return Response(VersionSerializer(told, many=True).data)


class RuleSchema(OfSegments):
    """The JSON Schema of rules."""

    @extend_schema(operation_id="segment_rule_schema", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The schema as this shop's rules are read now; the ETag changes when it does (If-None-Match: 304)."""
        schema = json_schema()
        digest = hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()[:32]
        headers = {"ETag": f'"{digest}"'}
        if request.headers.get("If-None-Match", "").removeprefix("W/") == headers["ETag"]:
            return Response(status=304, headers=headers)
        return Response(schema, headers=headers)


class PreviewRule(OfSegments):
    """What a rule would select; makes nothing."""

    throttle_classes = (PerKeyLooking,)
    acts: ClassVar[Mapping[str, str]] = {"POST": READ}

    @extend_schema(
        operation_id="segment_preview",
        request=RuleSerializer,
        responses=PreviewSerializer,
        examples=[OpenApiExample("A rule", request_only=True, value={"rule": SPENT_MUCH})],
    )
    @effectless
    def post(self, request: Request) -> Response:
        asked = RuleSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        return Response(PreviewSerializer(preview(given["rule"], clock.now(), exact=given["exact"])).data)


@extend_schema_view(get=extend_schema(operation_id="segment_members"))
class Members(OfSegments, ListAPIView[Membership]):
    """The members as of the segment's ``computed_at``; POST names members of a list."""

    serializer_class = MemberSerializer
    pagination_class = ByCustomer
    queryset = Membership.objects.none()

    def get_queryset(self) -> Any:
        segment = segment_of(self.kwargs["segment_id"])
        return Membership.objects.filter(segment=segment).select_related("customer")

    @extend_schema(
        operation_id="segment_members_change",
        request=NamedMembersSerializer,
        responses=ChangedListSerializer,
        examples=[GUESTS],
    )
    @idempotent
    def post(self, request: Request, segment_id: int) -> Response:
        """Put customers on a list, or take them off; 409 `not_a_list` where a rule says who is in it."""
        asked = NamedMembersSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found, unknown = _named(asked.validated_data["members"])
        segment = lists.require_list(segment_of(segment_id))
        how, actor = asked.validated_data["how"], self.server.caller
        changed = lists.change(segment, lists.few(found), how, by=None, actor=actor, way="api")
        segment.refresh_from_db(fields=["size"])
        answer = {
            "entered": changed.entered, "left": changed.left, "size": segment.size, "unknown": unknown,
        }  # fmt: skip
        return Response(ChangedListSerializer(answer).data)


def _named(members: list[dict[str, Any]]) -> tuple[list[int], list[int]]:
    """The customers that names lead to, and the positions of those that lead to nobody."""
    pairs = [next(iter(member.items())) for member in members]
    owners = named.owners_of((kind, value) for kind, value in pairs if kind != "customer")
    leads = [
        value if kind == "customer" else owners.get((kind, named.normal(kind, value) or ""))
        for kind, value in pairs
    ]
    living = lists.living([customer for customer in leads if customer is not None])
    unknown = [position for position, customer in enumerate(leads) if customer not in living]
    return [customer for customer in leads if customer in living], unknown


class Changes(OfSegments):
    """Who came and left since a cursor or an instant."""

    query: ClassVar[Mapping[str, Collection[str]]] = {"GET": ("cursor", "since")}

    @extend_schema(
        operation_id="segment_changes",
        parameters=[
            OpenApiParameter(
                "cursor", OpenApiTypes.STR, description="Of the last answer; `latest` begins at the end."
            ),
            OpenApiParameter(
                "since",
                OpenApiTypes.STR,
                description="Instead of `cursor`: the same, or an instant such as 2026-11-01T08:00:00Z.",
            ),
        ],
        responses=ChangesSerializer,
    )
    def get(self, request: Request, segment_id: int) -> Response:
        """Oldest first, each once, none left out, also while runs go on. Keep the cursor of the last answer."""
        segment, asked = segment_of(segment_id), request.query_params
        if "since" in asked and "cursor" in asked:
            raise Refusal("one_beginning", _("Give either cursor or since."), field="since")
        after = since(asked["since"]) if "since" in asked else decode(asked.get("cursor", "0-0"))
        found = changes_of(segment, after, CHANGES + 1)
        told = found[:CHANGES]
        place = told[-1].place if told else after
        answer = {"results": told, "cursor": place.encode(), "more": len(found) > CHANGES}
        return Response(ChangesSerializer(answer).data)


class Explain(OfSegments):
    """Why a customer is in the segment, or not."""

    throttle_classes = (PerKeyLooking,)
    query: ClassVar[Mapping[str, Collection[str]]] = {"GET": ("user_id", "customer", "at")}

    @extend_schema(
        operation_id="segment_explain",
        parameters=[
            OpenApiParameter("user_id", OpenApiTypes.STR, description="One of the two names the customer."),
            OpenApiParameter(
                "customer", OpenApiTypes.INT, description="The customer's number: visitors too."
            ),
            OpenApiParameter("at", OpenApiTypes.DATETIME, description="A past instant; without it: now."),
        ],
        responses=ExplanationSerializer,
    )
    def get(self, request: Request, segment_id: int) -> Response:
        customer = whom(request.query_params)
        segment, now = segment_of(segment_id), clock.now()
        at = _instant(request.query_params.get("at", ""), now)
        explained = explain_at(segment, customer.pk, at) if at else explain_any(segment, customer.pk, now)
        return Response(ExplanationSerializer(explained).data)


def _instant(text: str, now: datetime) -> datetime | None:
    """The instant asked for; None where none is. Raises Refusal for what is none, or not past."""
    if not text:
        return None
    at = instant(text, field="at")
    if not EARLIEST <= at < now:
        raise Refusal("bad_instant", _("Give an instant that has passed."), field="at")
    return at
