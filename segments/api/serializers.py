"""The shapes of the segments' storefront API."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from segments.freshness import TONES, Look
from segments.models import Segment
from segments.services.membership import is_fresh


class SegmentSerializer(serializers.ModelSerializer[Segment]):
    """A segment. ``fresh``: exact as of at most two minutes ago; ``freshness`` and ``reason`` say more."""

    fresh = serializers.SerializerMethodField()
    freshness = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()

    class Meta:
        model = Segment
        fields = (
            "id", "name", "description", "rule", "rule_version", "state", "size", "computed_at", "fresh",
            "freshness", "reason", "error", "created_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_fresh(self, segment: Segment) -> bool:
        return is_fresh(segment, self.context["now"])

    @extend_schema_field(serializers.ChoiceField(choices=list(TONES)))
    def get_freshness(self, segment: Segment) -> str:
        """Which of the six states it is in."""
        return self._look.state(segment)

    def get_reason(self, segment: Segment) -> str:
        """Why it is not fresh and what to do, in the language of the request; empty while it is."""
        return self._look.condition(segment).sentence

    @property
    def _look(self) -> Look:
        look: Look = self.context.setdefault("look", Look(self.context["now"]))
        return look


class NewSegmentSerializer(serializers.Serializer[Any]):
    """A segment to make."""

    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    rule = serializers.JSONField()
    means_everyone = serializers.BooleanField(required=False, default=False)


class RuleSerializer(serializers.Serializer[Any]):
    """A rule to look at."""

    rule = serializers.JSONField()
    exact = serializers.BooleanField(required=False, default=True)


class WhoSerializer(serializers.Serializer[Any]):
    """A customer as the storefront knows them; ``user_id`` is null for a visitor."""

    customer = serializers.IntegerField(source="pk")
    user_id = serializers.CharField(allow_null=True)


class PreviewSerializer(serializers.Serializer[Any]):
    """``count`` ± ``margin`` of ``total`` customers; margin 0 is exact."""

    sentence = serializers.CharField()
    count = serializers.IntegerField()
    margin = serializers.IntegerField()
    total = serializers.IntegerField()
    sample = WhoSerializer(many=True)
    warnings = serializers.ListField(child=serializers.CharField())


class MemberSerializer(serializers.Serializer[Any]):
    """A member and since when."""

    customer = serializers.IntegerField(source="customer_id")
    user_id = serializers.CharField(source="customer.user_id", allow_null=True)
    since = serializers.DateTimeField(source="entered_at")


class ChangeSerializer(serializers.Serializer[Any]):
    """Somebody came or left, and why."""

    customer = serializers.IntegerField(source="customer_id")
    user_id = serializers.CharField(source="customer.user_id", allow_null=True)
    entered = serializers.BooleanField()
    at = serializers.DateTimeField()
    cause = serializers.CharField()


class ChangesSerializer(serializers.Serializer[Any]):
    """Changes after the cursor, oldest first; keep ``cursor`` for the next call. ``more``: call at once."""

    results = ChangeSerializer(many=True)
    cursor = serializers.CharField()
    more = serializers.BooleanField()


class ReasonSerializer(serializers.Serializer[Any]):
    """One node of the rule; ``parts`` are nodes of the same shape."""

    sentence = serializers.CharField()
    holds = serializers.BooleanField()
    actual = serializers.CharField(allow_blank=True)
    decides = serializers.BooleanField()
    parts = serializers.SerializerMethodField()

    def get_parts(self, reason: Any) -> list[dict[str, Any]]:
        return [dict(ReasonSerializer(part).data) for part in reason.parts]


class ExplanationSerializer(serializers.Serializer[Any]):
    """Why a customer is in the segment, or not."""

    matches = serializers.BooleanField()
    member_since = serializers.DateTimeField(allow_null=True)
    turns_at = serializers.DateTimeField(allow_null=True)
    root = ReasonSerializer()
