"""The shapes of the segments' storefront API."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions, serializers

from segments.freshness import TONES, Look
from segments.models import ChangeCause, Segment, SegmentKind
from segments.services.membership import is_fresh
from segments.services.segments import edition


class SegmentSerializer(serializers.ModelSerializer[Segment]):
    """A segment. ``kind``: ``rule``, or ``list`` (its ``rule`` is null). ``fresh``: may be relied on now.

    ``freshness`` and ``reason`` say more. ``edition`` changes when somebody edits it (also the ETag).
    """

    edition = serializers.SerializerMethodField()
    fresh = serializers.SerializerMethodField()
    freshness = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()

    class Meta:
        model = Segment
        fields = (
            "id", "kind", "name", "description", "folder", "rule", "rule_version", "means_everyone", "state", "size",
            "computed_at", "fresh", "freshness", "reason", "error", "created_at", "edition",
        )  # fmt: skip
        read_only_fields = fields

    def get_edition(self, segment: Segment) -> str:
        return edition(segment)

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


class Strict(serializers.Serializer[Any]):
    """What a caller sends: names that nobody knows are refused."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else ()
        if unknown:
            told = exceptions.ErrorDetail(_("There is no such field."), code="unknown_field")
            raise serializers.ValidationError({unknown[0]: [told]})
        return super().to_internal_value(data)


class NewSegmentSerializer(Strict):
    """A segment to make: by a rule, or an empty list."""

    kind = serializers.ChoiceField(SegmentKind.choices, required=False, default=SegmentKind.RULE)
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    folder = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)
    rule = serializers.JSONField(required=False)
    means_everyone = serializers.BooleanField(required=False, default=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A rule where one is needed, none where none may be."""
        is_list = attrs["kind"] == SegmentKind.LIST
        if is_list and "rule" in attrs:
            raise serializers.ValidationError({"rule": [_no_rule()]})
        if not is_list and "rule" not in attrs:
            raise serializers.ValidationError({"rule": [_required()]})
        return attrs


def _required() -> exceptions.ErrorDetail:
    return exceptions.ErrorDetail(_("This field is required."), code="required")


def _no_rule() -> exceptions.ErrorDetail:
    return exceptions.ErrorDetail(_("A list has no rule."), code="unknown_field")


class EditSegmentSerializer(Strict):
    """What is to change; what is not named stays."""

    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    folder = serializers.CharField(max_length=60, required=False, allow_blank=True)
    rule = serializers.JSONField(required=False)
    means_everyone = serializers.BooleanField(required=False)


class NameSerializer(Strict):
    """A customer by exactly one of these."""

    customer = serializers.IntegerField(required=False, min_value=1)
    user_id = serializers.CharField(required=False, max_length=255)
    email = serializers.CharField(required=False, max_length=254)
    phone = serializers.CharField(required=False, max_length=40)
    openid = serializers.CharField(required=False, max_length=255)
    order_number = serializers.CharField(required=False, max_length=100)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One name each."""
        if len(attrs) != 1:
            raise serializers.ValidationError(_("Name a customer by exactly one key."), code="one_key")
        return attrs


class NamedMembersSerializer(Strict):
    """Customers to put on a list or to take off, at most a thousand."""

    how = serializers.ChoiceField([("add", "add"), ("remove", "remove")])
    members = serializers.ListField(child=NameSerializer(), allow_empty=False, max_length=1_000)


class ChangedListSerializer(serializers.Serializer[Any]):
    """What a change of a list did. ``unknown``: positions (from 0) of the names that lead to nobody."""

    entered = serializers.IntegerField()
    left = serializers.IntegerField()
    size = serializers.IntegerField()
    unknown = serializers.ListField(child=serializers.IntegerField())


class VersionSerializer(serializers.Serializer[Any]):
    """A rule that a segment has had; null for a list."""

    version = serializers.IntegerField()
    rule = serializers.JSONField(allow_null=True)
    sentence = serializers.CharField()
    made_at = serializers.DateTimeField()
    made_by = serializers.CharField(allow_null=True)


class RuleSerializer(Strict):
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
    """Somebody came or left, and why. ``id`` is the same in webhooks; ``version`` is that of the rule in force."""

    id = serializers.CharField()
    customer = serializers.IntegerField(source="customer_id")
    user_id = serializers.CharField(allow_null=True)
    entered = serializers.BooleanField()
    at = serializers.DateTimeField()
    cause = serializers.ChoiceField(ChangeCause.choices)
    version = serializers.IntegerField(allow_null=True)


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


class NamedSegmentSerializer(serializers.ModelSerializer[Segment]):
    """A segment by number and name."""

    class Meta:
        model = Segment
        fields = ("id", "name", "kind")
        read_only_fields = fields


class UseSerializer(serializers.Serializer[Any]):
    """What uses a segment. ``blocks``: while it does, the segment can be neither stopped nor deleted.

    ``kind``: ``segment``, ``campaign``, ``webhook``, ``tag``, ``export`` and so on; ``page``: where operators see it.
    """

    kind = serializers.CharField()
    name = serializers.CharField(source="sentence")
    page = serializers.CharField(source="url", allow_blank=True)
    blocks = serializers.BooleanField()


class UsesSerializer(serializers.Serializer[Any]):
    """What a segment rests on, directly, and what uses it."""

    refers_to = NamedSegmentSerializer(many=True)
    used_by = UseSerializer(many=True)


class ExplanationSerializer(serializers.Serializer[Any]):
    """Why a customer is in the segment, or not, now or ``at`` a past instant.

    ``flips``: the smallest sets of conditions whose opposite would change the answer. ``of_today``: values that are
    today's also in an answer about the past.
    """

    matches = serializers.BooleanField()
    member_since = serializers.DateTimeField(allow_null=True)
    turns_at = serializers.DateTimeField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    past = serializers.BooleanField()
    flips = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    of_today = serializers.ListField(child=serializers.CharField())
    root = ReasonSerializer()
