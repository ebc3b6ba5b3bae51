"""Who gets no promotion because of feedback: customers with an open complaint."""

from collections.abc import Sequence

from django.db.models import QuerySet

from campaigns.models import SkipReason
from campaigns.suppression import Suppression, suppression
from feedback.models import Conversation, ConversationKind, ConversationState


def with_open_complaint(customer_ids: Sequence[int]) -> "QuerySet[Conversation, int]":
    """Those among the customers who complain and have not been helped yet."""
    complaints = Conversation.objects.filter(customer_id__in=customer_ids, kind=ConversationKind.COMPLAINT)
    return complaints.exclude(state=ConversationState.SOLVED).values_list("customer_id", flat=True).distinct()


suppression(Suppression("feedback.open_complaint", SkipReason.OPEN_COMPLAINT, with_open_complaint))
