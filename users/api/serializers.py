"""What a shopper sees and says of himself over the storefront API. Unknown names are refused."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from users.models import Channel, ContactPoint, Customer, Gender
from users.services.preferences import MOST_PER_WEEK, OFFERED

MOST_ANSWERS = 200
STATES = ("granted", "refused", "pending", "none")
_CHANNELS = [channel.value for channel in OFFERED]


class Strict(serializers.Serializer[Any]):
    """Refuses names that it does not know, so that nobody believes something was set that was not."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            problem = {str(unknown[0])[:100]: [_("There is no such field.")]}
            raise serializers.ValidationError(problem, code="unknown_field")
        return super().to_internal_value(data)


class ChoiceSerializer(serializers.Serializer[Any]):
    """A channel of a topic and what was said."""

    channel = serializers.ChoiceField(choices=_CHANNELS)
    state = serializers.ChoiceField(choices=STATES)


class TopicChoicesSerializer(serializers.Serializer[Any]):
    """A topic with its channels."""

    topic = serializers.CharField()
    title = serializers.CharField()
    channels = ChoiceSerializer(many=True)


class PreferencesSerializer(serializers.Serializer[Any]):
    """Everything a shopper may decide, as it stands. ``most_per_week`` null: no wish."""

    topics = TopicChoicesSerializer(many=True)
    most_per_week = serializers.IntegerField(allow_null=True)
    no_profiling = serializers.BooleanField()


class AnswerSerializer(Strict):
    """A yes or no to a topic on a channel."""

    topic = serializers.SlugField(max_length=50)
    channel = serializers.ChoiceField(choices=_CHANNELS)
    granted = serializers.BooleanField()


class ChangePreferencesSerializer(Strict):
    """What changes; what is not named stays. ``most_per_week`` 0 takes the wish back."""

    answers = AnswerSerializer(many=True, required=False)
    most_per_week = serializers.IntegerField(required=False, min_value=0, max_value=MOST_PER_WEEK)
    no_profiling = serializers.BooleanField(required=False)
    wording = serializers.CharField(required=False, max_length=100, allow_blank=True)

    def validate_answers(self, answers: list[Any]) -> list[Any]:
        """Not endlessly many."""
        if len(answers) > MOST_ANSWERS:
            raise serializers.ValidationError(_("These are too many answers."), code="too_many")
        return answers


class ProfileSerializer(serializers.ModelSerializer[Customer]):
    """A shopper's own profile."""

    gender = serializers.ChoiceField(choices=Gender.choices, allow_blank=True, read_only=True)

    class Meta:
        model = Customer
        fields = (
            *(
                "user_id",
                "name",
                "first_name",
                "last_name",
                "gender",
                "birthday",
                "country",
                "region",
                "city",
            ),
            *("language", "time_zone", "occupation", "industry", "income_band", "education", "interests"),
        )
        read_only_fields = fields


class ChangeProfileSerializer(Strict):
    """What a shopper may change of the own profile; an empty text or null forgets."""

    name = serializers.CharField(required=False, max_length=200, allow_blank=True)
    first_name = serializers.CharField(required=False, max_length=100, allow_blank=True)
    last_name = serializers.CharField(required=False, max_length=100, allow_blank=True)
    gender = serializers.ChoiceField(required=False, choices=Gender.choices, allow_blank=True)
    birthday = serializers.DateField(required=False, allow_null=True)
    country = serializers.RegexField("^([A-Za-z]{2})?$", required=False, allow_blank=True)
    region = serializers.CharField(required=False, max_length=100, allow_blank=True)
    city = serializers.CharField(required=False, max_length=100, allow_blank=True)
    language = serializers.CharField(required=False, max_length=10, allow_blank=True)
    time_zone = serializers.CharField(required=False, max_length=64, allow_blank=True)
    occupation = serializers.CharField(required=False, max_length=100, allow_blank=True)
    industry = serializers.CharField(required=False, max_length=100, allow_blank=True)
    income_band = serializers.CharField(required=False, max_length=50, allow_blank=True)
    education = serializers.CharField(required=False, max_length=50, allow_blank=True)
    interests = serializers.ListField(
        required=False, child=serializers.CharField(max_length=100), max_length=50
    )


class DeviceSerializer(serializers.ModelSerializer[ContactPoint]):
    """A push address of the shopper. The keys of a subscription are not given back."""

    class Meta:
        model = ContactPoint
        fields = ("channel", "address", "state", "added_at")
        read_only_fields = fields


class KeysSerializer(serializers.Serializer[Any]):
    """The keys of a web push subscription, base64url."""

    p256dh = serializers.CharField(max_length=100)
    auth = serializers.CharField(max_length=40)


class SubscriptionSerializer(serializers.Serializer[Any]):
    """What ``PushSubscription.toJSON()`` gives in a browser; what else stands in it is not read."""

    endpoint = serializers.CharField(max_length=1000)
    keys = KeysSerializer()


class NewDeviceSerializer(Strict):
    """Either a token of an app, or the subscription of a browser."""

    channel = serializers.ChoiceField(choices=[Channel.APP_PUSH.value, Channel.WEB_PUSH.value])
    token = serializers.CharField(required=False, max_length=255)
    subscription = SubscriptionSerializer(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Each channel has its own kind of address."""
        needed = "token" if attrs["channel"] == Channel.APP_PUSH else "subscription"
        if needed not in attrs:
            raise serializers.ValidationError({needed: [_("This field is needed.")]}, code="required")
        return attrs


class WhichDeviceSerializer(Strict):
    """Which push address is meant."""

    channel = serializers.ChoiceField(choices=[Channel.APP_PUSH.value, Channel.WEB_PUSH.value])
    address = serializers.CharField(max_length=1000)
