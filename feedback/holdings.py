"""What feedback holds about people: their conversations (``users/privacy.py``)."""

from django.utils.translation import gettext_lazy as _

from feedback.models import BusinessCalendar, Conversation, Message
from feedback.services import keeping
from users.keeping import keep
from users.privacy import Erase, Holding, holds, impersonal

holds(
    Holding(
        Conversation,
        _("Conversations"),
        500,
        Erase.DELETE,
        {
            "opened_at": _("Opened"),
            "subject": _("Subject"),
            "kind": _("Kind"),
            "origin": _("Came by"),
            "state": _("State"),
            "solved_at": _("Solved"),
        },
        order=("opened_at",),
    )
)
holds(
    Holding(
        Message,
        _("Messages of conversations"),
        510,
        Erase.DELETE,
        {"at": _("Time"), "from_customer": _("From you"), "text": _("Text")},
        order=("at",),
    )
)

impersonal(BusinessCalendar, "hours", "holidays", why="when the shop answers")
keep(
    "conversations",
    _("Conversations that were solved"),
    _("Deleted with their messages, counted from the last one. Open ones stay."),
    default=1_095,
    due=keeping.due,
    remove=keeping.remove,
)
