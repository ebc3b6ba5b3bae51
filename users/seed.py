"""Rows that the code relies on, put in place after every migration and never changed afterwards."""

from typing import Any

from django.db import connection

from users import facts
from users.models import AcquisitionChannel, Clock, EventType, LifecycleRule, Topic

TOPICS = (
    ("news", "News and offers", "新品与优惠", False),
    ("care", "Tips and care", "使用与关怀", False),
    ("service", "Orders and service", "订单与服务", True),
)
# (slug, English, Chinese, children)
CHANNELS: tuple[tuple[str, str, str, tuple[tuple[str, str, str], ...]], ...] = (
    ("search", "Search", "搜索", (("baidu", "Baidu", "百度"), ("google", "Google", "谷歌"))),
    ("app-store", "App stores", "应用商店",
     (("apple", "App Store", "苹果商店"), ("android", "Android stores", "安卓市场"))),
    ("wechat", "WeChat", "微信",
     (("wechat-account", "Official account", "公众号"), ("wechat-group", "Groups", "微信群"))),
    ("weibo", "Weibo", "微博", ()),
    ("forum", "Forums", "论坛", (("tieba", "Tieba", "贴吧"),)),
    ("own-site", "Own site", "官网", ()),
    ("navigation", "Navigation sites", "导航站", ()),
    ("ads", "Advertising", "广告",
     (("ad-network", "Ad networks", "广告联盟"), ("social-ads", "Social ads", "社交广告"),
      ("advertorial", "Advertorials", "软文"))),
    ("swap", "Swaps", "换量", ()),
    ("viral", "Viral", "口碑传播", ()),
    ("offline", "Offline", "线下", (("store", "Stores", "门店"), ("fair", "Fairs", "展会"))),
    ("invite", "Invited by a friend", "好友邀请", ()),
)  # fmt: skip


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
    EventType.objects.bulk_create(
        [
            EventType(
                id=number,
                name=name,
                is_activity=name in facts.ACTIVITY_EVENTS,
                is_internal=name in facts.INTERNAL_EVENTS,
                first_seen_at=now,
            )
            for number, name in enumerate(names, start=1)
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
