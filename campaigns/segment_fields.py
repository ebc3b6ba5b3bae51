"""What rules may ask about messages: who was sent one, who answered how, who was left out and why, what it brought."""

from collections.abc import Collection, Sequence
from functools import partial

from django.db.models import (
    Case,
    CharField,
    Count,
    DecimalField,
    Exists,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from campaigns.models import (
    Assignment,
    Campaign,
    CampaignKind,
    Conversion,
    Delivery,
    DeliveryState,
    Link,
    OrderCredit,
    Receipt,
    ReceiptKind,
    SkipReason,
)
from config.kit.given_names import as_read
from segments.registry import Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import CHOICE, FLAG, INSTANT, MONEY, NUMBER, TEXT
from segments.segment_fields import past
from segments.segment_fields.offers import OFFERED, topic_names
from segments.uses import Use, Uses, uses
from users.models import Channel, Order
from users.topics import TouchTopic

MESSAGES = _("Messages")
MARKETING, SERVICE = "marketing", "service"
ORDER = {"customer": "customer_id", "source": "source", "number": "number"}
FAILED = (DeliveryState.FAILED, DeliveryState.UNKNOWN)


def campaign_names() -> dict[str, str]:
    """Campaigns by number, with the names that operators gave them; the newest first."""
    written = Campaign.objects.exclude(kind=CampaignKind.SERVICE).order_by("-pk")
    return {str(pk): name for pk, name in written.values_list("pk", "name")}


def _links(typed: str) -> Sequence[str]:
    """Targets of links in messages."""
    found = Link.objects.filter(url__icontains=typed).order_by("url")
    return list(found.values_list("url", flat=True).distinct()[:OFFERED])


def _sent(as_of: AsOf, name: str | None) -> Rows:
    return Delivery.objects.filter(state=DeliveryState.SENT)


def _failed(as_of: AsOf, name: str | None) -> Rows:
    return Delivery.objects.filter(state__in=FAILED)


def _skipped(as_of: AsOf, name: str | None) -> Rows:
    return Delivery.objects.filter(state=DeliveryState.SKIPPED)


def _reported(as_of: AsOf, name: str | None) -> Rows:
    return Receipt.objects.filter(by_bot=False)


def _opened(as_of: AsOf, name: str | None) -> Rows:
    return Receipt.objects.filter(kind=ReceiptKind.OPENED, by_bot=False)


def _clicked(as_of: AsOf, name: str | None) -> Rows:
    return Receipt.objects.filter(kind=ReceiptKind.CLICKED, by_bot=False)


def _unsubscribed(as_of: AsOf, name: str | None) -> Rows:
    return Receipt.objects.filter(kind=ReceiptKind.UNSUBSCRIBED, by_bot=False)


def _held_out(as_of: AsOf, name: str | None) -> Rows:
    return Assignment.objects.filter(held_out=True)


def _converted(as_of: AsOf, name: str | None) -> Rows:
    return Conversion.objects.all()


def _credited(as_of: AsOf, name: str | None) -> Rows:
    """Orders, so that they leave when they are cancelled; each is credited to one message at most."""
    same = {inner: OuterRef(outer) for inner, outer in ORDER.items()}
    counting = past.orders_then(as_of) if as_of.past else Order.objects.filter(counts=True)
    return counting.filter(Exists(OrderCredit.objects.filter(**same)))


def _last_sent() -> Rows:
    """The last message that each customer was sent, service messages aside; several of one instant are alike."""
    sent = Delivery.objects.filter(state=DeliveryState.SENT).exclude(
        step__campaign__kind=CampaignKind.SERVICE
    )
    later = sent.filter(customer=OuterRef("customer"), settled_at__gt=OuterRef("settled_at"))
    return sent.filter(~Exists(later))


def _last_sent_then(as_of: AsOf) -> Subquery:
    sent = Delivery.objects.filter(
        customer=OuterRef("pk"), state=DeliveryState.SENT, settled_at__lt=as_of.now
    ).exclude(step__campaign__kind=CampaignKind.SERVICE)
    return Subquery(sent.order_by("-settled_at").values("settled_at")[:1])


def _shares() -> Rows:
    """One row per customer who was sent anything: the shares of those messages that a person opened or clicked in."""
    about = {name: OuterRef(name) for name in ("customer", "step", "occasion")}
    human = Receipt.objects.filter(by_bot=False, **about)
    return (
        Delivery.objects.filter(state=DeliveryState.SENT)
        .exclude(step__campaign__kind=CampaignKind.SERVICE)
        .values("customer_id")
        .annotate(
            opened=_share(Q(Exists(human.filter(kind=ReceiptKind.OPENED)))),
            clicked=_share(Q(Exists(human.filter(kind=ReceiptKind.CLICKED)))),
        )
    )


def _share(which: Q) -> Cast:
    share = Count("step_id", filter=which) * Value(100.0) / Count("step_id")
    return Cast(share, DecimalField(max_digits=7, decimal_places=4))


message = partial(Field, group=MESSAGES, topic=TouchTopic.MESSAGES)
of_messages = partial(Source, group=MESSAGES, topic=TouchTopic.MESSAGES)

CHANNEL = message("channel", _("channel"), kind=CHOICE, choices=lambda: dict(Channel.choices))


def _campaign(path: str) -> Field:
    return message(
        "campaign",
        _("campaign"),
        kind=CHOICE,
        value=Cast(path, CharField()),
        choices=campaign_names,
    )


# Of a delivery or a receipt: both know their step.
OF_STEP = {
    "campaign": _campaign("step__campaign_id"),
    "topic": message(
        "topic", _("topic"), kind=CHOICE, value="step__campaign__topic__slug", choices=topic_names
    ),
    "purpose": message(
        "purpose",
        _("purpose"),
        kind=CHOICE,
        value=Case(
            When(step__campaign__kind=CampaignKind.SERVICE, then=Value(SERVICE)),
            default=Value(MARKETING),
            output_field=CharField(),
        ),
        choices=lambda: {
            MARKETING: pgettext_lazy("message", "Marketing"),
            SERVICE: pgettext_lazy("message", "Service"),
        },
    ),
    "occasion": message("occasion", _("occasion"), kind=TEXT),
    "channel": CHANNEL,
}

register(
    of_messages(
        "messages",
        _("messages sent"),
        rows=_sent,
        time="settled_at",
        did=_("was sent a message"),
        did_not=_("was not sent a message"),
        noun=_("the messages"),
        properties=OF_STEP,
    ),
    of_messages(
        "message_opens",
        _("messages opened"),
        rows=_opened,
        time="at",
        did=_("opened a message"),
        did_not=_("did not open a message"),
        noun=_("the opens"),
        properties=OF_STEP,
    ),
    of_messages(
        "message_clicks",
        _("messages clicked"),
        rows=_clicked,
        time="at",
        did=_("clicked in a message"),
        did_not=_("did not click in a message"),
        noun=_("the clicks"),
        properties={
            **OF_STEP,
            "link": message("link", _("link"), kind=TEXT, value="link__url", suggest=_links),
        },
    ),
    of_messages(
        "message_unsubscribes",
        _("ways out taken"),
        rows=_unsubscribed,
        time="at",
        did=_("unsubscribed by a message"),
        did_not=_("did not unsubscribe by a message"),
        noun=_("the ways out taken"),
        properties=OF_STEP,
    ),
    of_messages(
        "message_reports",
        _("reports about messages"),
        rows=_reported,
        time="at",
        did=_("had a message reported"),
        did_not=_("had no message reported"),
        noun=_("the reports about messages"),
        properties={
            **OF_STEP,
            "kind": message("kind", _("as"), kind=CHOICE, choices=lambda: dict(ReceiptKind.choices)),
        },
    ),
    of_messages(
        "messages_failed",
        _("messages that failed"),
        rows=_failed,
        time="settled_at",
        did=_("had a message fail"),
        did_not=_("had no message fail"),
        noun=_("the messages that failed"),
        properties=OF_STEP,
    ),
    of_messages(
        "messages_skipped",
        _("messages not sent"),
        rows=_skipped,
        time="settled_at",
        did=_("matched and was not sent a message"),
        did_not=_("was never left out of a message"),
        noun=_("the messages not sent"),
        properties={
            **OF_STEP,
            "reason": message("reason", _("reason"), kind=CHOICE, choices=lambda: dict(SkipReason.choices)),
        },
    ),
    of_messages(
        "held_out",
        _("hold-outs"),
        rows=_held_out,
        time="assigned_at",
        did=_("was held out of a campaign"),
        did_not=_("was not held out of a campaign"),
        noun=_("the hold-outs"),
        properties={"campaign": _campaign("campaign_id")},
    ),
    of_messages(
        "conversions",
        _("conversions"),
        rows=_converted,
        time="at",
        did=_("reached the goal of a campaign"),
        did_not=_("did not reach the goal of a campaign"),
        noun=_("the conversions"),
        properties={
            "campaign": _campaign("campaign_id"),
            "held_out": message("held_out", _("held out"), kind=FLAG),
        },
    ),
    # Of the topic of orders: what an order still counts for changes with the order.
    Source(
        "credited_orders",
        _("orders credited to messages"),
        MESSAGES,
        TouchTopic.ORDERS,
        rows=_credited,
        time="ordered_at",
        did=_("ordered because of a message"),
        did_not=_("did not order because of a message"),
        noun=_("the orders credited to messages"),
        properties={
            "net": Field("net", _("net amount"), MESSAGES, MONEY, TouchTopic.ORDERS, past=past.net_then),
            "campaign": Field(
                "campaign",
                _("campaign"),
                MESSAGES,
                CHOICE,
                TouchTopic.ORDERS,
                value=Cast("campaign_id", CharField()),
                rows=OrderCredit.objects.all,
                link=ORDER,
                choices=campaign_names,
            ),
            "touch": Field(
                "touch",
                _("after"),
                MESSAGES,
                CHOICE,
                TouchTopic.ORDERS,
                rows=OrderCredit.objects.all,
                link=ORDER,
                choices=lambda: dict(ReceiptKind.choices),
            ),
        },
    ),
    message(
        "last_message",
        _("last campaign message"),
        kind=INSTANT,
        value="settled_at",
        rows=_last_sent,
        past=_last_sent_then,
    ),
    message("open_share", _("share of messages opened (%)"), kind=NUMBER, value=F("opened"), rows=_shares),
    message("click_share", _("share of messages clicked (%)"), kind=NUMBER, value=F("clicked"), rows=_shares),
)


def _campaigns_of(segments: Collection[int]) -> Uses:
    found: dict[int, list[Use]] = {}
    rows = Campaign.objects.filter(segment__in=segments).values_list("segment_id", "pk", "name")
    for segment, pk, name in rows.order_by("name"):
        use = Use("campaign", gettext("campaign “%(name)s”") % {"name": as_read(name)}, _page(pk))
        found.setdefault(segment, []).append(use)
    return found


def _page(pk: int) -> str:
    return reverse("campaigns:campaign", args=[pk])


uses.register("campaigns", _campaigns_of)
