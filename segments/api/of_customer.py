"""The segments of one customer, for the shop's back end."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView

from config.kit.api import Page
from segments.api.views import OfSegments
from segments.models import Membership
from users.services.find import by_id


class BelongingSerializer(serializers.Serializer[Any]):
    """A segment that the customer is in, and since when. ``reasons``: the address that says why."""

    segment = serializers.IntegerField(source="segment_id")
    name = serializers.CharField(source="segment.name")
    kind = serializers.CharField(source="segment.kind")
    since = serializers.DateTimeField(source="entered_at")
    computed_at = serializers.DateTimeField(source="segment.computed_at", allow_null=True)
    reasons = serializers.SerializerMethodField()

    def get_reasons(self, one: Membership) -> str:
        return f"{reverse('segments_api:explain', args=[one.segment_id])}?customer={one.customer_id}"


class BySegment(Page):
    """In the order of segments."""

    ordering = ("segment_id",)


@extend_schema_view(get=extend_schema(operation_id="customer_segments"))
class SegmentsOfCustomer(OfSegments, ListAPIView[Membership]):
    """The segments that the customer is in, each as of its ``computed_at``."""

    serializer_class = BelongingSerializer
    pagination_class = BySegment
    queryset = Membership.objects.none()

    def get_queryset(self) -> QuerySet[Membership]:
        found = by_id(self.kwargs["customer_id"])
        return Membership.objects.filter(customer=found).select_related("segment")
