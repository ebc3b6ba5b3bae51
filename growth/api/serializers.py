"""The shapes of growth's storefront API."""

from typing import Any

from rest_framework import serializers

LARGEST_SPEND = 10**9


class ExpirySerializer(serializers.Serializer[Any]):
    """Points that expire together next."""

    points = serializers.IntegerField(source="expiring")
    at = serializers.DateTimeField(source="expires_at")


class PointsSerializer(serializers.Serializer[Any]):
    """``balance`` can be spent, ``pending`` waits for the return window, ``owed`` comes off the next."""

    balance = serializers.IntegerField()
    pending = serializers.IntegerField()
    owed = serializers.IntegerField()
    next_expiry = serializers.SerializerMethodField()

    def get_next_expiry(self, points: Any) -> dict[str, Any] | None:
        return ExpirySerializer(points).data if points.expires_at else None


class EntrySerializer(serializers.Serializer[Any]):
    """One movement of one account: active, pending, or debt (owing 5 is −5)."""

    at = serializers.DateTimeField()
    kind = serializers.CharField()
    account = serializers.CharField()
    points = serializers.IntegerField(source="amount")


class LevelNameSerializer(serializers.Serializer[Any]):
    """A step of the ladder in the language of the call."""

    name = serializers.CharField(source="title")
    threshold = serializers.IntegerField()
    colour = serializers.CharField()


class LevelSerializer(serializers.Serializer[Any]):
    """Where the shopper stands; ``kept_until`` is when the level is judged again."""

    level = LevelNameSerializer()
    growth_value = serializers.IntegerField()
    since = serializers.DateTimeField(allow_null=True)
    kept_until = serializers.DateTimeField(source="judged_at", allow_null=True)
    next_level = LevelNameSerializer(allow_null=True)
    missing = serializers.IntegerField()


class CheckInSerializer(serializers.Serializer[Any]):
    """The check-in of today; ``is_new`` false: it had been done before."""

    local_date = serializers.DateField()
    streak = serializers.IntegerField()
    points = serializers.IntegerField()
    is_new = serializers.BooleanField()


class CheckInCalendarSerializer(serializers.Serializer[Any]):
    """The check-ins of the last 31 days, in the shopper's own dates."""

    today = serializers.DateField()
    done_today = serializers.BooleanField()
    streak = serializers.IntegerField()
    dates = serializers.ListField(child=serializers.DateField())


class SpendSerializer(serializers.Serializer[Any]):
    """A spending the shop asks for, with what it is for."""

    user_id = serializers.CharField(max_length=255)
    points = serializers.IntegerField(max_value=LARGEST_SPEND)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class WhoseSerializer(serializers.Serializer[Any]):
    """Whose points."""

    user_id = serializers.CharField(max_length=255)
