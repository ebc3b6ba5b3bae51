"""What comes back after a message left: opens, clicks, bounces. Each report counts once."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from campaigns.models import Delivery, Link, Receipt, ReceiptKind
from config.kit.batches import execute
from users import facts
from users.services.activity import record_activity
from users.services.events import NewEvent
from users.services.touch import touch
from users.topics import TouchTopic

# Programs that fetch what is in a mail before or instead of a person; they are kept, and kept apart.
_MACHINES = re.compile(
    r"bot|crawl|spider|slurp|preview|scan|curl|wget|python|java/|go-http|httpclient|libwww|headless|monitor"
    r"|barracuda|mimecast|proofpoint|symantec|safelinks|microsoft office|outlook-ios-scanner",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Visit:
    """How a token's address was opened."""

    method: str
    user_agent: str

    @property
    def by_bot(self) -> bool:
        """A program rather than a person: it only asked for the head, says so, or says nothing."""
        return self.method != "GET" or not self.user_agent or bool(_MACHINES.search(self.user_agent))


@transaction.atomic
def note_open(delivery: Delivery, visit: Visit, now: datetime) -> bool:
    """The message was opened; told again within the hour it is the same opening. Whether it was news."""
    key = f"{'bot-' if visit.by_bot else ''}open:{now:%Y%m%d%H}"
    return _add(delivery, ReceiptKind.OPENED, key, now, by_bot=visit.by_bot)


@transaction.atomic
def note_click(delivery: Delivery, link: Link, visit: Visit, now: datetime) -> bool:
    """A link was followed; within the minute it is the same click. A person's click is activity."""
    key = f"{'bot-' if visit.by_bot else ''}click:{link.pk}:{now:%Y%m%d%H%M}"
    is_new = _add(delivery, ReceiptKind.CLICKED, key, now, by_bot=visit.by_bot, link=link)
    if is_new and not visit.by_bot:
        properties = {
            "campaign": delivery.step.campaign_id,
            "step": delivery.step_id,
            "occasion": delivery.occasion,
            "link": link.url,
        }
        event = NewEvent(
            delivery.customer_id,
            facts.MESSAGE_CLICKED,
            f"message_{key}:{delivery.step_id}:{delivery.occasion}",
            now,
            properties,
        )
        record_activity([event], now=now)
    return is_new


@transaction.atomic
def note_unsubscribe(delivery: Delivery, now: datetime) -> bool:
    """The customer took the way out of this message."""
    return _add(delivery, ReceiptKind.UNSUBSCRIBED, "unsubscribed", now, by_bot=False)


def _add(
    delivery: Delivery, kind: ReceiptKind, key: str, now: datetime, *, by_bot: bool, link: Link | None = None
) -> bool:
    is_new = execute(
        f"INSERT INTO {Receipt._meta.db_table}"
        " (customer_id, step_id, occasion, key, kind, channel, at, by_bot, link_id)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [
            *(delivery.customer_id, delivery.step_id, delivery.occasion, key, kind.value, delivery.channel),
            *(now, by_bot, link.pk if link else None),
        ],
    )
    if is_new and not by_bot:
        touch([delivery.customer_id], TouchTopic.MESSAGES)
    return bool(is_new)
