"""What happens in a conversation: the customer writes, an operator answers, notes, assigns, solves.

Every act holds the conversation's row, so that two people never answer past each other; every act of an
operator is audited. Messages have keys: what was said once is there once.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit.refusal import Conflict, NotFound, Refusal
from feedback.models import Conversation, ConversationKind, ConversationState, Message
from feedback.services import calendar
from users import facts
from users.models import Customer, Operator
from users.services import audit, survivors
from users.services.activity import record_activity
from users.services.events import NewEvent
from users.services.touch import touch
from users.topics import TouchTopic

MAX_TEXT = 10_000


@dataclass(frozen=True, slots=True)
class Opening:
    """How a conversation begins. ``key`` makes opening it twice open it once."""

    subject: str
    text: str
    kind: str = ConversationKind.QUESTION
    origin: str = "api"
    key: uuid.UUID | None = None


@transaction.atomic
def open_conversation(customer: Customer, opening: Opening, *, now: datetime) -> Conversation:
    """Begin a conversation with the customer's first message; the one of that key when it exists.

    Refuses ``text_missing``, and as not found a key that is another customer's.
    """
    key = opening.key or uuid.uuid4()
    text = _demand_text(opening.text)
    customer_id = survivors.hold_one(customer.pk)
    existing = Conversation.objects.filter(key=key).first()
    if existing is not None:
        return _demand_own(existing, customer_id)
    due = calendar.reply_due(now)
    conversation = Conversation.objects.create(
        customer_id=customer_id,
        key=key,
        subject=opening.subject.strip()[:200] or text[:80],
        kind=opening.kind,
        origin=opening.origin,
        state=ConversationState.WAITING,
        opened_at=now,
        waiting_since=now,
        first_reply_due_at=due,
        reply_due_at=due,
        last_message_at=now,
    )
    _hear(conversation, text, key="first", now=now)
    return conversation


@transaction.atomic
def customer_message(conversation: Conversation, text: str, *, key: str, now: datetime) -> Message:
    """The customer writes again, which reopens a solved conversation. What has that key is not said twice."""
    held = hold(conversation)
    text = _demand_text(text)
    said = _said(held, key)
    if said is not None:
        return said
    held.last_message_at = now
    if held.state != ConversationState.WAITING:
        _wait(held, now)
    held.save()
    return _hear(held, text, key=key, now=now)


@transaction.atomic
def reply(
    conversation: Conversation, text: str, *, seen: int, key: str, by: Operator, now: datetime
) -> Message:
    """An operator answers. ``seen`` is how many messages, notes too, the operator had before their eyes.

    Refuses ``text_missing``, and ``something_new`` when the conversation has gone on since.
    """
    held = hold(conversation)
    text = _demand_text(text)
    said = _said(held, key)
    if said is not None:
        return said
    _demand_seen(held, seen)
    held.state = ConversationState.ANSWERED
    held.waiting_since = held.reply_due_at = None
    held.first_replied_at = held.first_replied_at or now
    held.assignee = held.assignee or by
    held.last_message_at = now
    held.save()
    touch([held.customer_id], TouchTopic.FEEDBACK)
    audit.record("conversation.reply", by=by, target=held)
    return _write(held, key=key, text=text, operator=by, at=now)


@transaction.atomic
def note(conversation: Conversation, text: str, *, key: str, by: Operator, now: datetime) -> Message:
    """An operator writes something for colleagues only; the customer never sees it."""
    held = hold(conversation)
    text = _demand_text(text)
    said = _said(held, key)
    if said is not None:
        return said
    audit.record("conversation.note", by=by, target=held)
    return _write(held, key=key, text=text, operator=by, is_note=True, at=now)


@transaction.atomic
def assign(conversation: Conversation, to: Operator | None, *, by: Operator) -> Conversation:
    """Give the conversation to an operator, or to nobody."""
    held = hold(conversation)
    before = str(held.assignee) if held.assignee else None
    held.assignee = to
    held.save(update_fields=["assignee"])
    after = str(to) if to else None
    audit.record(
        "conversation.assign", by=by, target=held, before={"assignee": before}, after={"assignee": after}
    )
    return held


@transaction.atomic
def solve(conversation: Conversation, *, by: Operator, now: datetime) -> Conversation:
    """The matter is done; a further message of the customer opens it again."""
    held = hold(conversation)
    if held.state == ConversationState.SOLVED:
        raise Conflict("already_solved", _("This conversation is solved already."))
    before = held.state
    held.state = ConversationState.SOLVED
    held.solved_at = now
    held.waiting_since = held.reply_due_at = None
    return _moved(held, "conversation.solve", before, by)


@transaction.atomic
def reopen(conversation: Conversation, *, by: Operator, now: datetime) -> Conversation:
    """The matter is not done after all: it waits for us from now."""
    held = hold(conversation)
    if held.state != ConversationState.SOLVED:
        raise Conflict("not_solved", _("This conversation is open."))
    _wait(held, now)
    return _moved(held, "conversation.reopen", ConversationState.SOLVED, by)


def of_customer(customer_id: int, key: uuid.UUID) -> Conversation:
    """A customer's own conversation. Refuses somebody else's exactly as one that does not exist."""
    conversation = Conversation.objects.filter(customer_id=customer_id, key=key).first()
    if conversation is None:
        raise NotFound
    return conversation


def of_anybody(key: uuid.UUID) -> Conversation:
    """A conversation by its key alone, for operators and the shop's back end. Refuses ``not_found``."""
    conversation = Conversation.objects.filter(key=key).first()
    if conversation is None:
        raise NotFound
    return conversation


def hold(conversation: Conversation) -> Conversation:
    """The conversation as it is now, locked until the transaction ends. Refuses ``not_found``.

    By its key alone: a join that we waited for has made it the survivor's, which a second look shows.
    """
    for _look in range(2):
        held = Conversation.objects.select_for_update().filter(key=conversation.key).first()
        if held is not None:
            return held
    raise NotFound


def _hear(conversation: Conversation, text: str, *, key: str, now: datetime) -> Message:
    """What the customer said; it counts as activity."""
    said = _write(conversation, key=key, text=text, from_customer=True, at=now)
    about = {"conversation": str(conversation.key)}
    heard = NewEvent(conversation.customer_id, facts.REPLIED, f"reply:{conversation.key}:{key}", now, about)
    record_activity([heard], now=now)
    touch([conversation.customer_id], TouchTopic.FEEDBACK)
    return said


def _wait(held: Conversation, now: datetime) -> None:
    held.state = ConversationState.WAITING
    held.solved_at = None
    held.waiting_since = now
    held.reply_due_at = calendar.reply_due(now)


def _moved(held: Conversation, act: str, before: str, by: Operator) -> Conversation:
    held.save()
    touch([held.customer_id], TouchTopic.FEEDBACK)
    audit.record(act, by=by, target=held, before={"state": before}, after={"state": held.state})
    return held


def _write(
    conversation: Conversation,
    *,
    key: str,
    text: str,
    at: datetime,
    from_customer: bool = False,
    operator: Operator | None = None,
    is_note: bool = False,
) -> Message:
    return Message.objects.create(
        customer_id=conversation.customer_id,
        conversation_key=conversation.key,
        key=key,
        from_customer=from_customer,
        is_note=is_note,
        operator=operator,
        text=text,
        at=at,
    )


def _said(held: Conversation, key: str) -> Message | None:
    messages = Message.objects.filter(customer_id=held.customer_id, conversation_key=held.key)
    return messages.filter(key=key).first()


def _demand_text(text: str) -> str:
    text = text.strip()
    if not text:
        raise Refusal("text_missing", _("Write something first."), field="text")
    if len(text) > MAX_TEXT:
        raise Refusal("text_too_long", _("This text is too long."), field="text")
    return text


def _demand_own(conversation: Conversation, customer_id: int) -> Conversation:
    if conversation.customer_id != customer_id:
        raise NotFound
    return conversation


def _demand_seen(held: Conversation, seen: int) -> None:
    if Message.objects.filter(customer_id=held.customer_id, conversation_key=held.key).count() != seen:
        raise Conflict(
            "something_new", _("Something new was said while you were writing. Read it, then send again.")
        )
