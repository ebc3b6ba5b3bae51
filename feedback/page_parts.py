"""What feedback lends to the home page and the customer page."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from feedback.admin.inbox import TONES, address_of
from feedback.models import Conversation
from feedback.reports import inbox as reports
from feedback.words import due_in_words
from users.models import Customer
from users.pages import CustomerPanel, HomeCard, JoinCount, counter, customer_panel, home_card, join_count

LATEST = 5


def build_card(now: datetime) -> dict[str, Any]:
    """How many wait, and the longest waits by name."""
    longest = Conversation.objects.waiting().select_related("customer")[:LATEST]
    return {
        "waiting": reports.waiting(now),
        "rows": [_line(conversation, now) for conversation in longest],
        "url": reverse("feedback:inbox"),
    }


def build_panel(customer: Customer, now: datetime) -> dict[str, Any]:
    """One customer's last conversations."""
    recent = Conversation.objects.filter(customer_id=customer.pk).order_by("-last_message_at")[:LATEST]
    return {"rows": [_line(conversation, now) for conversation in recent]}


def _line(conversation: Conversation, now: datetime) -> dict[str, Any]:
    return {
        "conversation": conversation,
        "url": address_of(conversation),
        "due": due_in_words(conversation.reply_due_at, now),
        "is_late": conversation.is_late(now),
        "tone": TONES[conversation.state],
    }


home_card(HomeCard("conversations", _("Waiting conversations"), 70, "feedback/home_card.html", build_card))
customer_panel(
    CustomerPanel("conversations", _("Conversations"), 70, "feedback/customer_panel.html", build_panel)
)
join_count(JoinCount("conversations", _("Conversations"), 60, counter(Conversation)))
