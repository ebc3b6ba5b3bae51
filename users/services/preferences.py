"""What a customer wants: topics by channel, how often at most, and whether to be profiled.

One act for the storefront API and the preference page. Whoever comes through a link in a mail has shown
that the mailbox is theirs (``proven``); a yes by e-mail from elsewhere is asked back where the topic says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from config.kit.refusal import Refusal
from users import tokens
from users.models import Channel, Consent, ContactPoint, ContactState, Customer, Topic, usable_contact
from users.services import consent, opt_in, profile, survivors

OFFERED = (
    Channel.EMAIL,
    Channel.SMS,
    Channel.WECHAT,
    Channel.WEIBO,
    Channel.APP_PUSH,
    Channel.WEB_PUSH,
    Channel.INBOX,
)
"""Channels over which customers are told things they may refuse."""
MOST_PER_WEEK = 7
LINK_GOOD_FOR = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Choice:
    """A topic on a channel: granted, refused, never asked ("none"), or waiting for its confirmation."""

    channel: str
    state: str


@dataclass(frozen=True, slots=True)
class TopicChoices:
    """A topic with its channels."""

    topic: str
    title: str
    channels: list[Choice]


@dataclass(frozen=True, slots=True)
class Preferences:
    """Everything a customer may decide."""

    topics: list[TopicChoices]
    most_per_week: int | None
    no_profiling: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What a customer says: answers by (topic, channel), a frequency, a switch; None: not mentioned.

    ``most_per_week`` 0 takes the wish back. ``key`` makes it count once.
    """

    key: str
    source: str
    answers: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    most_per_week: int | None = None
    no_profiling: bool | None = None
    wording: str = ""
    ip: str | None = None
    proven: bool = False


def preferences_of(customer_id: int, now: datetime) -> Preferences:
    """What holds now. Refuses nothing: the caller knows that the customer exists."""
    customer = Customer.objects.values("most_per_week", "no_profiling").get(pk=customer_id)
    said = {
        (topic, channel): "granted" if granted else "refused"
        for topic, channel, granted in Consent.objects.filter(
            customer_id=customer_id, is_current=True
        ).values_list("topic_id", "channel", "granted")
    }
    waiting = {(request.topic_id, request.channel) for request in opt_in.open_requests(customer_id, now)}

    def state(topic: int, channel: str) -> str:
        known = said.get((topic, channel), "none")
        return "pending" if known != "granted" and (topic, channel) in waiting else known

    return Preferences(
        topics=[
            TopicChoices(
                topic.slug,
                title_of(topic),
                [Choice(channel, state(topic.pk, channel)) for channel in OFFERED],
            )
            for topic in Topic.objects.filter(is_service=False).order_by("pk")
        ],
        most_per_week=customer["most_per_week"],
        no_profiling=customer["no_profiling"],
    )


@transaction.atomic
def change(customer_id: int, wish: Wish, *, now: datetime) -> None:
    """Do what the customer says; only what differs is put on record.

    Refuses ``unknown_consent``, ``bad_frequency`` and, for a yes that has to be asked back without an
    e-mail address to ask at, ``no_address``.
    """
    customer_id = survivors.hold_one(customer_id)
    _demand_known(wish)
    _answer(customer_id, wish, now)
    if wish.most_per_week is not None:
        if not 0 <= wish.most_per_week <= MOST_PER_WEEK:
            raise Refusal(
                "bad_frequency",
                _("Choose 0 to %(n)d messages a week.") % {"n": MOST_PER_WEEK},
                field="most_per_week",
            )
        Customer.objects.filter(pk=customer_id).update(most_per_week=wish.most_per_week or None)
    if wish.no_profiling is not None:
        profile.hear([profile.Told(customer_id, now, {"noProfiling": wish.no_profiling})], oldest_trigger=now)


def preferences_url(customer_id: int, now: datetime, *, good_for: timedelta = LINK_GOOD_FOR) -> str:
    """The address of a customer's own preference page, for messages to this customer."""
    token = tokens.make(tokens.Purpose.PREFERENCES, tokens.Pass(customer_id), until=now + good_for)
    return f"{settings.PUBLIC_URL}/p/{token}"


def title_of(topic: Topic) -> str:
    """A topic in the reader's language."""
    return topic.name_zh if get_language() == "zh-hans" and topic.name_zh else topic.name


def _demand_known(wish: Wish) -> None:
    topics = set(Topic.objects.filter(is_service=False).values_list("slug", flat=True))
    if not all(topic in topics and channel in OFFERED for topic, channel in wish.answers):
        raise Refusal("unknown_consent", _("There is no such channel or topic."), field="topics")


def _answer(customer_id: int, wish: Wish, now: datetime) -> None:
    held = {
        (slug, channel): granted
        for slug, channel, granted in Consent.objects.filter(
            customer_id=customer_id, is_current=True
        ).values_list("topic__slug", "channel", "granted")
    }
    asked_back = set() if wish.proven else _topics_to_ask_back(customer_id)
    news = {pair: granted for pair, granted in wish.answers.items() if held.get(pair) is not granted}
    later = [
        pair
        for pair, granted in news.items()
        if granted and pair[0] in asked_back and pair[1] == Channel.EMAIL
    ]
    consent.answer_many(
        (
            consent.Answer(
                customer_id, f"{wish.key}:{topic}:{channel}"[:150], channel, topic, granted, now, wish.source,
                wish.wording, wish.ip,
            )
            for (topic, channel), granted in news.items()
            if (topic, channel) not in later
        ),
        now,
    )  # fmt: skip
    if later:
        _ask_back(customer_id, wish, [topic for topic, _channel in later], now)


def _topics_to_ask_back(customer_id: int) -> set[str]:
    """Topics with double opt-in, unless an address of the customer's is known to be their own."""
    verified = ContactPoint.objects.filter(
        customer_id=customer_id, channel=Channel.EMAIL, state=ContactState.VERIFIED, confirmed=True
    )
    if verified.exists():
        return set()
    return set(Topic.objects.filter(double_opt_in=True).values_list("slug", flat=True))


def _ask_back(customer_id: int, wish: Wish, topics: list[str], now: datetime) -> None:
    point = (
        ContactPoint.objects.filter(usable_contact(), customer_id=customer_id, channel=Channel.EMAIL)
        .order_by("added_at", "address")
        .first()
    )
    if point is None:
        raise Refusal("no_address", _("There is no e-mail address to ask at."), field="topics")
    opt_in.ask_many(
        (
            opt_in.Request(
                customer_id,
                f"{wish.key}:{topic}"[:150],
                topic,
                point.address,
                wish.source,
                wish.wording,
                wish.ip,
            )
            for topic in topics
        ),
        now,
    )
