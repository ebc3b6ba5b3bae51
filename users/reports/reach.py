"""Reach: which channels reach how many identified customers, who lacks what, who agreed to what."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit import words
from config.kit.batches import fetch
from users.groups import Group, Parameters, group, selected
from users.models import Channel, Customer, Reach, ReachFigure, Topic
from users.services.preferences import title_of

CHANNELS = (
    Channel.EMAIL,
    Channel.SMS,
    Channel.WECHAT,
    Channel.WEIBO,
    Channel.APP_PUSH,
    Channel.WEB_PUSH,
)
"""Channels that need an address."""
_USABLE = "contact.confirmed AND contact.state IN ('unverified', 'verified')"
_HAS = (
    "EXISTS (SELECT FROM users_contactpoint contact WHERE contact.customer_id = customer.id"
    " AND contact.channel = %s AND {condition})"
)
_ANY, _CAN = _HAS.format(condition="true"), _HAS.format(condition=_USABLE)
# What a figure counts, as a condition on ``customer``; each ``%s`` is the channel.
_CONDITIONS: dict[str, str] = {
    Reach.USABLE: _CAN,
    Reach.UNUSABLE: f"{_ANY} AND NOT {_CAN}",
    Reach.LACKING: f"NOT {_ANY}",
    Reach.VERIFIED: _HAS.format(condition="contact.confirmed AND contact.state = 'verified'"),
    Reach.BOUNCING: _HAS.format(condition="contact.state = 'bouncing'"),
    Reach.BLOCKED: _HAS.format(condition="contact.state = 'blocked'"),
    Reach.CONSENTED: f"{_CAN} AND EXISTS (SELECT FROM users_consent consent"
    " WHERE consent.customer_id = customer.id AND consent.channel = %s AND consent.is_current"
    " AND consent.granted AND consent.topic_id = %s)",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts by (channel, what) and by (channel, topic id) for consents; of how many, and as of when."""

    counts: dict[tuple[str, str], int]
    consented: dict[tuple[str, int], int]
    everybody: int
    computed_at: datetime

    def unverified(self, channel: str) -> int:
        """Customers whom the channel reaches at addresses of which none is verified."""
        return self.counts.get((channel, Reach.USABLE), 0) - self.counts.get((channel, Reach.VERIFIED), 0)

    def lacking(self, channel: str) -> int:
        """Customers without any address of the channel."""
        have = self.counts.get((channel, Reach.USABLE), 0) + self.counts.get((channel, Reach.UNUSABLE), 0)
        return self.everybody - have


@transaction.atomic
def compute(now: datetime) -> int:
    """Count afresh and replace what was counted before; how many figures."""
    rows = fetch(_statement())
    everybody = Customer.objects.known().count()
    fresh = [
        ReachFigure(channel=channel, what=what, topic_id=topic, customers=customers, computed_at=now)
        for channel, what, topic, customers in rows
    ]
    have = {channel: 0 for channel in CHANNELS}
    for channel, what, _topic, customers in rows:
        if channel in have and what in (Reach.USABLE, Reach.UNUSABLE):
            have[Channel(channel)] += customers
    fresh += [
        ReachFigure(channel=channel, what=Reach.LACKING, customers=everybody - known, computed_at=now)
        for channel, known in have.items()
    ]
    ReachFigure.objects.all().delete()
    return len(ReachFigure.objects.bulk_create(fresh))


def figures(now: datetime) -> Figures:
    """As last counted; counted now where it never was."""
    rows = list(ReachFigure.objects.all())
    if not rows:
        compute(now)
        rows = list(ReachFigure.objects.all())
    counts = {(row.channel, row.what): row.customers for row in rows if row.topic_id is None}
    whole = [counts.get((Channel.EMAIL, what), 0) for what in (Reach.USABLE, Reach.UNUSABLE, Reach.LACKING)]
    return Figures(
        counts=counts,
        consented={(row.channel, row.topic_id): row.customers for row in rows if row.topic_id is not None},
        everybody=sum(whole),
        computed_at=min((row.computed_at for row in rows), default=now),
    )


@group("reach")
def behind(asked: Parameters, now: datetime) -> Group:
    """The identified customers behind a figure of reach: ``channel``, ``what``, for consents ``topic``."""
    channel, what = Channel(asked["channel"]), Reach(asked["what"])
    condition = _CONDITIONS[what]
    parameters: list[object] = [channel.value] * condition.count("contact.channel = %s")
    sentence = words.named(channel.label, what.label)
    rule: dict[str, Any] | None = None
    if what == Reach.CONSENTED:
        topic = Topic.objects.filter(slug=asked["topic"]).first()
        if topic is None:
            raise KeyError("topic")
        parameters += [channel.value, topic.pk]
        sentence = _("%(channel)s: reachable and agreed to “%(topic)s”") % {
            "channel": channel.label,
            "topic": title_of(topic),
        }
        if not topic.is_service:
            rule = {"all": [{"may_receive": channel.value, "topic": topic.slug}]}
    elif what == Reach.USABLE:
        rule = {"all": [{"collection": "reachable_by", "op": "has_any_of", "value": [channel.value]}]}
    found = selected(
        "SELECT customer.id FROM users_customer customer"
        f" WHERE customer.identified AND customer.erased_at IS NULL AND {condition}",
        tuple(parameters),
    )
    return Group(sentence, found, rule)


@group("unverified")
def unverified(asked: Parameters, now: datetime) -> Group:
    """The identified customers whom a channel reaches at addresses of which none is verified."""
    channel = Channel(asked["channel"])
    found = selected(
        "SELECT customer.id FROM users_customer customer WHERE customer.identified AND customer.erased_at IS NULL"
        f" AND {_CAN} AND NOT {_CONDITIONS[Reach.VERIFIED]}",
        (channel.value, channel.value),
    )
    return Group(_("%(channel)s: reachable, not verified") % {"channel": channel.label}, found)


@cache
def _statement() -> str:
    return (Path(__file__).parent / "sql" / "reach.sql").read_text(encoding="utf-8")
