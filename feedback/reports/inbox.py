"""The inbox in figures: what waits, what is late, how soon the first answers came."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Min, Q

from feedback.models import Conversation, ConversationState

WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for us now."""

    waiting: int
    late: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class FirstReplies:
    """Of the conversations opened in a window: how many had their first answer in time."""

    opened: int
    replied: int
    in_time: int


def waiting(now: datetime) -> Waiting:
    """Counted over the index of waiting conversations."""
    counted = Conversation.objects.filter(state=ConversationState.WAITING).aggregate(
        waiting=Count("key"),
        late=Count("key", filter=Q(reply_due_at__lt=now)),
        oldest=Min("waiting_since"),
    )
    return Waiting(**counted)


def first_replies(now: datetime) -> FirstReplies:
    """The last 30 × 24 hours."""
    opened = Conversation.objects.filter(opened_at__gte=now - WINDOW, opened_at__lt=now)
    counted = opened.aggregate(
        opened=Count("key"),
        replied=Count("key", filter=Q(first_replied_at__isnull=False)),
        in_time=Count("key", filter=_in_time()),
    )
    return FirstReplies(**counted)


def _in_time() -> Q:
    answered = Q(first_replied_at__isnull=False)
    return answered & (Q(first_reply_due_at=None) | Q(first_replied_at__lte=F("first_reply_due_at")))
