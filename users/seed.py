"""Rows that the code relies on, put in place after every migration and never changed afterwards."""

from typing import Any

from django.db import connection

from users import facts
from users.models import AcquisitionChannel, ChannelClue, Clock, EventType, LifecycleRule, Topic
from users.models.consent import ADS_TOPIC
from users.seed_channels import CHANNELS, CLUES

TOPICS = (
    ("news", "News and offers", "新品与优惠", False),
    ("care", "Tips and care", "使用与关怀", False),
    # Handing hashed addresses to advertising platforms: no other yes implies it.
    (ADS_TOPIC, "Advertising on other platforms", "第三方平台广告", False),
    ("service", "Orders and service", "订单与服务", True),
)


def seed(**_: Any) -> None:
    """Put the reference rows in place; harmless when repeated."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        (now,) = cursor.fetchone()
    Clock.objects.get_or_create(pk=1)
    _seed_event_types(now)
    if not LifecycleRule.objects.exists():
        LifecycleRule.objects.create(accepted_at=now, proposed=True)
    for slug, name, name_zh, is_service in TOPICS:
        Topic.objects.get_or_create(
            slug=slug, defaults={"name": name, "name_zh": name_zh, "is_service": is_service}
        )
    if not AcquisitionChannel.objects.exists():
        _seed_channels()


def _seed_event_types(now: Any) -> None:
    """Event types named in the code, with fixed ids so that every process may keep them."""
    names = (*facts.INTERNAL_EVENTS, *facts.ACTIVITY_EVENTS)
    known = set(EventType.objects.values_list("name", flat=True))
    EventType.objects.bulk_create(
        [
            EventType(
                # One that a later version names gets the next free id: the numbers below are taken.
                id=None if known else number,
                name=name,
                is_activity=name in facts.ACTIVITY_EVENTS,
                is_internal=name in facts.INTERNAL_EVENTS,
                first_seen_at=now,
            )
            for number, name in enumerate(names, start=1)
            if name not in known
        ],
        ignore_conflicts=True,
    )


def _seed_channels() -> None:
    for slug, name, name_zh, children in CHANNELS:
        parent = AcquisitionChannel.objects.create(slug=slug, name=name, name_zh=name_zh)
        for child_slug, child_name, child_zh in children:
            AcquisitionChannel.objects.create(
                slug=child_slug, name=child_name, name_zh=child_zh, parent=parent
            )
    _seed_clues()


def _seed_clues() -> None:
    channels = dict(AcquisitionChannel.objects.values_list("slug", "pk"))
    ChannelClue.objects.bulk_create(
        [
            ChannelClue(kind=kind, value=value, channel_id=channels[slug])
            for kind, slug, values in CLUES
            for value in values
        ]
    )
