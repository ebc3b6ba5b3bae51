"""What rules may ask about messages: who was sent one, who opened, who clicked."""

from collections.abc import Collection

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Delivery, DeliveryState, Receipt, ReceiptKind
from segments.registry import Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import CHOICE
from segments.uses import Use, Uses, uses
from users.models import Channel
from users.topics import TouchTopic

MESSAGES = _("Messages")


def _sent(as_of: AsOf, name: str | None) -> Rows:
    return Delivery.objects.filter(state=DeliveryState.SENT)


def _opened(as_of: AsOf, name: str | None) -> Rows:
    return Receipt.objects.filter(kind=ReceiptKind.OPENED, by_bot=False)


def _clicked(as_of: AsOf, name: str | None) -> Rows:
    return Receipt.objects.filter(kind=ReceiptKind.CLICKED, by_bot=False)


def _channel() -> dict[str, Field]:
    choices = dict(Channel.choices)
    field = Field("channel", _("channel"), MESSAGES, CHOICE, TouchTopic.MESSAGES, choices=lambda: choices)
    return {"channel": field}


register(
    Source(
        "messages",
        _("messages sent"),
        MESSAGES,
        TouchTopic.MESSAGES,
        rows=_sent,
        time="settled_at",
        did=_("was sent a message"),
        did_not=_("was not sent a message"),
        noun=_("the messages"),
        properties=_channel(),
    ),
    Source(
        "message_opens",
        _("messages opened"),
        MESSAGES,
        TouchTopic.MESSAGES,
        rows=_opened,
        time="at",
        did=_("opened a message"),
        did_not=_("did not open a message"),
        noun=_("the opens"),
        properties=_channel(),
    ),
    Source(
        "message_clicks",
        _("messages clicked"),
        MESSAGES,
        TouchTopic.MESSAGES,
        rows=_clicked,
        time="at",
        did=_("clicked in a message"),
        did_not=_("did not click in a message"),
        noun=_("the clicks"),
        properties=_channel(),
    ),
)


def _campaigns_of(segments: Collection[int]) -> Uses:
    found: dict[int, list[Use]] = {}
    rows = Campaign.objects.filter(segment__in=segments).values_list("segment_id", "pk", "name")
    for segment, pk, name in rows.order_by("name"):
        use = Use("campaign", gettext("campaign “%(name)s”") % {"name": name}, _page(pk))
        found.setdefault(segment, []).append(use)
    return found


def _page(pk: int) -> str:
    return reverse("campaigns:campaign", args=[pk])


uses.register("campaigns", _campaigns_of)
