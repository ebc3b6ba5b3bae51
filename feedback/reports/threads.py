"""A conversation with what was said in it."""

from dataclasses import dataclass

from django.db.models import QuerySet

from feedback.models import Conversation, Message


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation and its messages, oldest first."""

    conversation: Conversation
    messages: tuple[Message, ...]


def thread(conversation: Conversation) -> Thread:
    """Everything that was said, notes included: for operators."""
    return Thread(conversation, tuple(_messages(conversation).select_related("operator")))


def public_messages(conversation: Conversation) -> "QuerySet[Message]":
    """What the customer may see: no notes."""
    return _messages(conversation).filter(is_note=False)


def _messages(conversation: Conversation) -> "QuerySet[Message]":
    said = Message.objects.filter(customer_id=conversation.customer_id, conversation_key=conversation.key)
    return said.order_by("at", "key")
