"""The tables of feedback: listen, answer, improve."""

from feedback.models.conversation import (
    BusinessCalendar,
    Conversation,
    ConversationKind,
    ConversationState,
    Message,
)

__all__ = ["BusinessCalendar", "Conversation", "ConversationKind", "ConversationState", "Message"]
