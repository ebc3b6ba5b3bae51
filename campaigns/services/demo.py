"""The demo shop's campaigns: a win-back that has gone out, a weekly one, a draft; and readers who answer.

The mail is really sent (to the local sink); who opens, clicks and orders is invented by a hash.
"""

import secrets
import time
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy

from campaigns.models import Campaign, CampaignKind, CampaignState, Delivery, Link
from campaigns.services import campaigns as acts
from campaigns.services.campaigns import Plan, Text
from campaigns.services.dispatch import dispatch
from campaigns.services.finish import finish_runs
from campaigns.services.receipts import Visit, note_click, note_open
from campaigns.services.start import start_due
from campaigns.timing import slot
from config.kit import clock
from config.kit.batches import fetch
from config.kit.given_names import give_in_demo
from config.kit.zones import shop_zone
from segments.models import Segment, SegmentState
from segments.ready import PRESETS, named
from segments.ready.base import any_of, field, preset
from segments.services.presets import make
from segments.services.rebuild import rebuild
from segments.services.refresh import refresh
from users.demo import Progress
from users.models import Topic
from users.services.demo.door import front_door
from users.services.demo.state import is_demo

READER = Visit("GET", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/605.1.15")
SENDING_TAKES = 40.0
READ_WITHIN_SECONDS = 6 * 3600
AT_ONCE = 60
DORMANT = "win_back"
give_in_demo(
    gettext_lazy("Win back the dormant"),
    gettext_lazy("Picks of the week"),
    gettext_lazy("Early notice for regulars"),
)
CAMPAIGNS = gettext_lazy("For campaigns")
REGULARS = preset(
    "demo_regulars",
    CAMPAIGNS,
    gettext_lazy("Active regulars"),
    gettext_lazy("Come by and have ordered twice or more: whom the picks of the week go to."),
    any_of("stage", "active", "returning"),
    field("orders", "at_least", 2),
)
named.register(REGULARS.key, REGULARS)
WIN_BACK = (
    Text(
        "{{ customer.first_name | default: 'Hello' }}, there is new music for you",
        "Hello {{ customer.first_name | default: 'there' }},\n\n"
        "It has been {{ orders.days_since_last }} days since your last order at {{ shop.name }}. "
        "{% if favourite.category != '' %}New {{ favourite.category }} records have come in: "
        "https://records.example/new?from=winback{% else %}Have a look at what is new: "
        "https://records.example/new?from=winback{% endif %}\n\n"
        "We would be glad to see you again.\n{{ shop.name }}",
        "en",
    ),
    Text(
        "{{ customer.first_name | default: '您好' }}，有新唱片在等您",
        "{{ customer.first_name | default: '您' }}好：\n\n"
        "距离您上次在 {{ shop.name }} 下单已经 {{ orders.days_since_last }} 天了。"
        "来看看最近到的新唱片： https://records.example/new?from=winback\n\n"
        "期待您回来。\n{{ shop.name }}",
        "zh-hans",
    ),
)
WEEKLY = (
    Text(
        "This week's picks at {{ shop.name }}",
        "Hello {{ customer.first_name | default: 'there' }},\n\n"
        "our picks of the week: https://records.example/picks\n\n{{ shop.name }}",
        "en",
    ),
)
NOTICE = (
    Text(
        "{{ customer.first_name | default: 'Hello' }}, before everybody else",
        "The reissue series opens on Friday. For our regulars the door is open now: "
        "https://records.example/early\n\n{{ shop.name }}",
        "en",
    ),
)


def load(now: datetime, progress: Progress) -> None:
    """Write the three campaigns and send the first; harmless when repeated."""
    segments = [make(PRESETS[DORMANT], by=None), make(REGULARS, by=None)]
    dormant, regulars = segments
    progress(1, 5)
    win_back = _campaign("Win back the dormant", dormant, CampaignKind.ONE_OFF, WIN_BACK, now)
    weekly = _campaign("Picks of the week", regulars, CampaignKind.RECURRING, WEEKLY, now)
    _campaign("Early notice for regulars", regulars, CampaignKind.ONE_OFF, NOTICE, now)
    progress(2, 5)
    _freshen(segments)
    for campaign in (win_back, weekly):
        if campaign.state == CampaignState.DRAFT:
            acts.start(campaign.pk, by=None, now=clock.now())
    start_due(clock.now())
    progress(3, 5)
    until = time.monotonic() + SENDING_TAKES
    while dispatch(seconds=5).more and time.monotonic() < until:
        pass
    progress(4, 5)
    answer(clock.now(), at_once=400)
    finish_runs(clock.now())
    progress(5, 5)


def live(now: datetime) -> None:
    """Some more of those who got a message read it, follow its link, and order."""
    if is_demo():
        answer(now, at_once=AT_ONCE)


def answer(now: datetime, *, at_once: int) -> int:
    """Invent the answers of readers who have none yet, at most so many; how many of them read.

    A hash of customer and step decides: 45 of 100 open within six hours, 14 follow the link, 4 order.
    """
    rows = fetch(
        """
        SELECT d.customer_id, d.step_id, d.occasion, h.luck %% 100
        FROM campaigns_delivery d JOIN campaigns_step s ON s.id = d.step_id
        JOIN campaigns_campaign c ON c.id = s.campaign_id,
        LATERAL (SELECT hashint8extended(d.customer_id, d.step_id) & 9223372036854775807 AS luck) h
        WHERE d.state = 'sent' AND d.settled_at > %(now)s - interval '7 days' AND c.kind <> 'service'
          AND h.luck %% 100 < 45
          AND (%(whole)s OR d.settled_at + make_interval(secs => (h.luck / 100) %% %(within)s) <= %(now)s)
          AND NOT EXISTS (SELECT FROM campaigns_receipt r WHERE r.customer_id = d.customer_id
                          AND r.step_id = d.step_id AND r.occasion = d.occasion)
        ORDER BY d.customer_id LIMIT %(limit)s
        """,
        {"now": now, "whole": at_once > AT_ONCE, "within": READ_WITHIN_SECONDS, "limit": at_once},
    )
    buyers = []
    for customer_id, step_id, occasion, luck in rows:
        delivery = Delivery.objects.select_related("step", "customer").get(
            customer_id=customer_id, step_id=step_id, occasion=occasion
        )
        note_open(delivery, READER, now)
        link = Link.objects.filter(step_id=step_id).first()
        if luck < 14 and link is not None:
            note_click(delivery, link, READER, now)
            if luck < 4 and delivery.customer.user_id:
                buyers.append(delivery)
    if buyers:
        with front_door() as door:
            door.hand_in_all((_order(delivery, clock.now()) for delivery in buyers), history=False)
    return len(rows)


def _order(delivery: Delivery, now: datetime) -> dict[str, Any]:
    """The tracking call of an order that follows from a message."""
    number = f"C{delivery.step_id}-{delivery.customer_id}-{secrets.token_hex(3)}"
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": delivery.customer.user_id,
        "messageId": f"order:{number}",
        "timestamp": now.isoformat(),
        "properties": {
            "order_id": number,
            "total": 31.98,
            "revenue": 31.98,
            "currency": "USD",
            "products": [
                {
                    "product_id": "reissue-1",
                    "name": "The reissue series, volume 1",
                    "category": "Jazz",
                    "price": 15.99,
                    "quantity": 2,
                }
            ],
        },
    }


def _freshen(segments: list[Segment]) -> None:
    """Have the segments up to date: computed where they are new, refreshed where time has passed."""
    for segment in segments:
        segment.refresh_from_db()
        if segment.state == SegmentState.NEEDS_REBUILD:
            rebuild(segment)
    refresh()


def _campaign(name: str, segment: Segment, kind: str, texts: tuple[Text, ...], now: datetime) -> Campaign:
    found = Campaign.objects.filter(name=name).first()
    if found is not None:
        return found
    first = next_monday(now) if kind == CampaignKind.RECURRING else None
    plan = Plan(
        name=name,
        kind=kind,
        segment=segment,
        topic=Topic.objects.get(slug="news"),
        starts_at=first,
        every_days=7 if first else None,
        send_time=first.astimezone(shop_zone()).time() if first else None,
    )
    return acts.create_campaign(plan, texts, by=None, now=now)


def next_monday(now: datetime) -> datetime:
    """Next Monday at 10:30, shop time."""
    local = now.astimezone(shop_zone())
    day = local.date() + timedelta(days=7 - local.weekday())
    return slot(day, local.time().replace(hour=10, minute=30, second=0, microsecond=0))
