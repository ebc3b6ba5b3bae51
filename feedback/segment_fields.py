"""What rules may ask about conversations."""

from collections.abc import Sequence
from functools import partial

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from feedback.models import Conversation, ConversationKind, ConversationState
from segments.registry import Collection, Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import CHOICE
from users.topics import TouchTopic

FEEDBACK = _("Feedback")


def _has_state(states: Sequence[str]) -> Q:
    held = Conversation.objects.filter(customer=OuterRef("pk"), state__in=list(states))
    return Q(Exists(held))


def _has_open(kinds: Sequence[str]) -> Q:
    held = Conversation.objects.filter(customer=OuterRef("pk"), kind__in=list(kinds))
    return Q(Exists(held.exclude(state=ConversationState.SOLVED)))


def _conversations(as_of: AsOf, name: str | None) -> Rows:
    return Conversation.objects.all()


of_conversation = partial(Field, group=FEEDBACK, topic=TouchTopic.FEEDBACK, kind=CHOICE)

register(
    Collection(
        "conversation_states",
        _("conversations in state"),
        FEEDBACK,
        TouchTopic.FEEDBACK,
        has=_has_state,
        choices=lambda: dict(ConversationState.choices),
    ),
    Collection(
        "open_conversations",
        _("open conversations of kind"),
        FEEDBACK,
        TouchTopic.FEEDBACK,
        has=_has_open,
        choices=lambda: dict(ConversationKind.choices),
    ),
    Source(
        "conversations",
        _("conversations"),
        FEEDBACK,
        TouchTopic.FEEDBACK,
        rows=_conversations,
        time="opened_at",
        did=_("began a conversation"),
        did_not=_("did not begin a conversation"),
        noun=_("the conversations"),
        properties={
            "kind": of_conversation("kind", _("kind"), choices=lambda: dict(ConversationKind.choices)),
            "state": of_conversation("state", _("state"), choices=lambda: dict(ConversationState.choices)),
        },
    ),
)
