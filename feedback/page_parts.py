"""What feedback lends to the home page, the customer page and the figures of the day."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from feedback.admin.inbox import TONES, address_of
from feedback.models import Conversation
from feedback.reports import inbox as reports
from feedback.words import due_in_words
from users import scopes
from users.evidence import ChurnWeight, Evidence, lend_churn_weight, lend_evidence
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


lend_churn_weight(
    ChurnWeight(
        "open_complaint",
        _("an open complaint"),
        20,
        "SELECT customer_id FROM feedback_conversation WHERE kind = 'complaint' AND state <> 'solved'",
    )
)
lend_evidence(
    Evidence(
        "helpful",
        _("ideas and praise told to us"),
        5,
        "SELECT customer_id, count(*) FROM feedback_conversation WHERE kind IN ('idea', 'praise')"
        " AND opened_at >= %(as_of)s - interval '365 days' AND opened_at < %(as_of)s GROUP BY customer_id",
    )
)
home_card(HomeCard("conversations", _("Waiting conversations"), 70, "feedback/home_card.html", build_card))
customer_panel(
    CustomerPanel("conversations", _("Conversations"), 70, "feedback/customer_panel.html", build_panel)
)
join_count(JoinCount("conversations", _("Conversations"), 60, counter(Conversation)))
scopes.lend("conversations", _("Conversations"))
