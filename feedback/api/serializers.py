"""The shapes of feedback's storefront API. Notes and names of operators' accounts are not in them."""

from typing import Any

from rest_framework import serializers

from feedback.models import ConversationKind
from feedback.services.conversations import MAX_TEXT

# Where a conversation may come from when the shop's back end brings it.
ORIGINS = ("api", "email", "wechat", "qq", "weibo", "forum", "tieba", "phone", "store")


class MessageSerializer(serializers.Serializer[Any]):
    """One message, from the customer or from the shop."""

    id = serializers.CharField(source="key")
    sender = serializers.SerializerMethodField()
    text = serializers.CharField()
    at = serializers.DateTimeField()

    def get_sender(self, message: Any) -> str:
        return "customer" if message.from_customer else "shop"


class ConversationSerializer(serializers.Serializer[Any]):
    """A conversation without its messages."""

    id = serializers.UUIDField(source="key")
    subject = serializers.CharField()
    kind = serializers.ChoiceField(ConversationKind.choices)
    state = serializers.CharField()
    opened_at = serializers.DateTimeField()
    last_message_at = serializers.DateTimeField()


class ThreadSerializer(ConversationSerializer):
    """A conversation with its messages, oldest first."""

    messages = MessageSerializer(many=True)


class NewConversationSerializer(serializers.Serializer[Any]):
    """What a shopper says to begin one; without a subject the text's beginning is it."""

    subject = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    kind = serializers.ChoiceField(ConversationKind.choices, default=ConversationKind.QUESTION)
    text = serializers.CharField(max_length=MAX_TEXT)


class BroughtConversationSerializer(NewConversationSerializer):
    """One that the shop's back end brings from elsewhere: whose it is and where it came from."""

    user_id = serializers.CharField(max_length=255)
    origin = serializers.ChoiceField(ORIGINS, default="api")


class NewMessageSerializer(serializers.Serializer[Any]):
    """A further message of the customer."""

    text = serializers.CharField(max_length=MAX_TEXT)
