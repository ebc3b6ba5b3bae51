"""What uses a segment; stopping it and taking it up again, as on its page."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from segments.api.serializers import SegmentSerializer, UsesSerializer
from segments.api.views import OfSegments, segment_of, shown
from segments.models import Segment
from segments.services.order import referred
from segments.services.segments import retire, take_up, uses_in_full
from users.api.idempotency import idempotent


class UsesOfSegment(OfSegments):
    """What would break without a segment."""

    @extend_schema(operation_id="segment_uses", responses=UsesSerializer)
    def get(self, request: Request, segment_id: int) -> Response:
        """What its rule refers to, and what refers to it: segments, campaigns, webhooks, tags, audiences."""
        segment = segment_of(segment_id)
        rests_on = Segment.objects.filter(pk__in=referred(segment.rule)).order_by("name")
        told = {"refers_to": rests_on, "used_by": uses_in_full(segment)}
        return Response(UsesSerializer(told).data)


class Retire(OfSegments):
    """Stopping."""

    @extend_schema(operation_id="segment_retire", request=None, responses=SegmentSerializer)
    @idempotent
    def post(self, request: Request, segment_id: int) -> Response:
        """Stop keeping it right; members and history stay. 409 `segment_in_use` while something uses it.

        One that has stopped already stays as it is.
        """
        retire(segment_of(segment_id), by=None, actor=self.server.caller)
        return shown(segment_of(segment_id))


class Restore(OfSegments):
    """Taking up again."""

    @extend_schema(operation_id="segment_restore", request=None, responses=SegmentSerializer)
    @idempotent
    def post(self, request: Request, segment_id: int) -> Response:
        """Keep a stopped one right again: it is computed anew within seconds, a list is in force at once.

        One that has not stopped stays as it is.
        """
        take_up(segment_of(segment_id), by=None, actor=self.server.caller)
        return shown(segment_of(segment_id))
