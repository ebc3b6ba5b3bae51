"""Operators' answers also go out by mail, each exactly once."""

from datetime import datetime

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from campaigns.services import service_message
from feedback.models import Conversation, Message
from users.models import Customer

KIND = "feedback.reply"
SLICE = 100


@transaction.atomic
def mail_replies(now: datetime) -> int:
    """Queue a slice of the answers not mailed yet, oldest first; how many.

    The mark and the queued message commit together, and the message's key makes a second one the first.
    """
    waiting = Message.objects.filter(mailed_at=None, from_customer=False, is_note=False)
    replies = list(waiting.order_by("at").select_for_update(skip_locked=True)[:SLICE])
    customers = Customer.objects.in_bulk({reply.customer_id for reply in replies})
    subjects = _subjects(replies)
    for reply in replies:
        _queue(reply, customers.get(reply.customer_id), subjects[reply.conversation_key], now)
    Message.objects.filter(pk__in=[reply.pk for reply in replies]).update(mailed_at=now)
    return len(replies)


def _queue(reply: Message, customer: Customer | None, subject: str, now: datetime) -> None:
    language = "zh-hans" if customer and customer.language.startswith("zh") else "en"
    with translation.override(language):
        title = _("Answer to: %(subject)s") % {"subject": subject}
    service_message.queue(
        customer_id=reply.customer_id,
        kind=KIND,
        key=f"reply:{reply.conversation_key}:{reply.key}",
        subject=title,
        body=reply.text,
        now=now,
    )


def _subjects(replies: list[Message]) -> dict[object, str]:
    keys = {reply.conversation_key for reply in replies}
    return dict(Conversation.objects.filter(key__in=keys).values_list("key", "subject"))
