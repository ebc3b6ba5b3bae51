"""What rules may ask about conversations: which, in what state, how long they wait, what was said and answered."""

from collections.abc import Sequence
from functools import partial

from django.db.models import Case, DecimalField, Exists, F, OuterRef, Q, When
from django.db.models.functions import Cast, Extract
from django.utils.translation import gettext_lazy as _

from feedback.models import Conversation, ConversationKind, ConversationState, Message
from segments.registry import Collection, Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import CHOICE, NUMBER, TEXT
from segments.rules.operators import Value
from segments.segment_fields.offers import OFFERED
from users.topics import TouchTopic

FEEDBACK = _("Feedback")
CONVERSATION = {"customer": "customer_id", "key": "conversation_key"}


def _has_state(states: Sequence[str]) -> Q:
    held = Conversation.objects.filter(customer=OuterRef("pk"), state__in=list(states))
    return Q(Exists(held))


def _has_open(kinds: Sequence[str]) -> Q:
    held = Conversation.objects.filter(customer=OuterRef("pk"), kind__in=list(kinds))
    return Q(Exists(held.exclude(state=ConversationState.SOLVED)))


def _origins(typed: str) -> Sequence[str]:
    """Ways by which conversations came."""
    found = Conversation.objects.filter(origin__istartswith=typed).order_by("origin")
    return list(found.values_list("origin", flat=True).distinct()[:OFFERED])


def _conversations(as_of: AsOf, name: str | None) -> Rows:
    return Conversation.objects.all()


def _waiting(as_of: AsOf, name: str | None) -> Rows:
    return Conversation.objects.filter(state=ConversationState.WAITING, waiting_since__isnull=False)


def _due(as_of: AsOf, name: str | None) -> Rows:
    return Conversation.objects.filter(state=ConversationState.WAITING, reply_due_at__isnull=False)


def _solved(as_of: AsOf, name: str | None) -> Rows:
    return Conversation.objects.filter(state=ConversationState.SOLVED, solved_at__isnull=False)


def _said(as_of: AsOf, name: str | None) -> Rows:
    return Message.objects.filter(from_customer=True, is_note=False)


def _answers(as_of: AsOf, name: str | None) -> Rows:
    return Message.objects.filter(from_customer=False, is_note=False)


of_conversation = partial(Field, group=FEEDBACK, topic=TouchTopic.FEEDBACK, kind=CHOICE)
happening = partial(Source, group=FEEDBACK, topic=TouchTopic.FEEDBACK)

MATTER = {
    "kind": of_conversation("kind", _("kind"), choices=lambda: dict(ConversationKind.choices)),
    "origin": of_conversation("origin", _("came by"), kind=TEXT, suggest=_origins),
    "subject": of_conversation("subject", _("subject"), kind=TEXT),
}
# From the opening to the first answer; not known while there is none.
FIRST_ANSWER_HOURS = Cast(
    Extract(F("first_replied_at") - F("opened_at"), "epoch") / 3600,
    DecimalField(max_digits=12, decimal_places=4),
)


def _first_answer_then(as_of: AsOf) -> Value:
    """Not known before it was given."""
    given = When(first_replied_at__lt=as_of.now, then=FIRST_ANSWER_HOURS)
    return Case(given, output_field=DecimalField(max_digits=12, decimal_places=4))


STATE = of_conversation(
    "state",
    _("state"),
    choices=lambda: dict(ConversationState.choices),
    past_note=_("state of conversations: as it is today"),
)
OF_MESSAGE = {
    "kind": of_conversation(
        "kind",
        _("kind"),
        rows=Conversation.objects.all,
        link=CONVERSATION,
        choices=lambda: dict(ConversationKind.choices),
    ),
}

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
    happening(
        "conversations",
        _("conversations"),
        rows=_conversations,
        time="opened_at",
        did=_("began a conversation"),
        did_not=_("did not begin a conversation"),
        noun=_("the conversations"),
        properties={
            **MATTER,
            "state": STATE,
            "first_answer_hours": of_conversation(
                "first_answer_hours",
                _("hours to the first answer"),
                kind=NUMBER,
                value=FIRST_ANSWER_HOURS,
                past=_first_answer_then,
            ),
        },
    ),
    happening(
        "waiting_conversations",
        _("conversations that wait for us"),
        rows=_waiting,
        time="waiting_since",
        did=_("waits for our answer"),
        did_not=_("does not wait for our answer"),
        noun=_("the conversations that wait for us"),
        properties=MATTER,
        past_note=_("conversations that wait for us: those that still wait today"),
    ),
    # Late once this has passed; ahead of it "in the next days" is asked like any window.
    happening(
        "replies_due",
        _("answers due"),
        rows=_due,
        time="reply_due_at",
        did=_("had to be answered"),
        did_not=_("did not have to be answered"),
        noun=_("the answers due"),
        properties=MATTER,
        past_note=_("answers due: those that are still due today"),
    ),
    happening(
        "solved_conversations",
        _("conversations solved"),
        rows=_solved,
        time="solved_at",
        did=_("had a conversation solved"),
        did_not=_("had no conversation solved"),
        noun=_("the conversations solved"),
        properties=MATTER,
        past_note=_("conversations solved: without those that were opened again since"),
    ),
    happening(
        "customer_messages",
        _("messages from the customer"),
        rows=_said,
        time="at",
        did=_("wrote to us"),
        did_not=_("did not write to us"),
        noun=_("the messages from the customer"),
        properties=OF_MESSAGE,
    ),
    happening(
        "answers",
        _("answers to the customer"),
        rows=_answers,
        time="at",
        did=_("got an answer from us"),
        did_not=_("got no answer from us"),
        noun=_("the answers to the customer"),
        properties=OF_MESSAGE,
    ),
)
