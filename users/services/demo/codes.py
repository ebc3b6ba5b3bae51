"""The demo shop's source codes with their owners, and who came with which. None of them exists."""

from dataclasses import dataclass
from random import Random
from typing import Any

from django.utils.translation import gettext_lazy

from config.kit.given_names import give_in_demo
from users.models import OwnerKind


@dataclass(frozen=True, slots=True)
class Invented:
    """A source code of the demo shop; ``share`` of its channel's customers came with it."""

    code: str
    name: str
    channel: str
    platform: str
    kind: OwnerKind
    owner: str
    share: float
    campaign: str = ""


SOURCES = (
    Invented("staff-lin", "Lin's card", "wechat-group", "wechat", OwnerKind.EMPLOYEE, "Lin Xiaoyu", 0.25),
    Invented("staff-chen", "Chen's card", "wechat-group", "wechat", OwnerKind.EMPLOYEE, "Chen Wei", 0.15),
    Invented("store-west", "Door of West Nanjing Road", "store", "offline", OwnerKind.STORE, "West Nanjing Road", 0.5),
    Invented("store-hk", "Counter in Mong Kok", "store", "offline", OwnerKind.STORE, "Mong Kok", 0.3),
    Invented("dp-west", "Dianping page", "dianping", "web", OwnerKind.DIANPING, "唱片店·南京西路", 0.8),
    Invented("xhs-vinyl", "Vinyl diary", "xiaohongshu", "ios", OwnerKind.XIAOHONGSHU, "黑胶日记", 0.7, "vinyl-may"),
    Invented("zhihu-jazz", "Where to begin with jazz", "zhihu", "web", OwnerKind.ZHIHU, "爵士入门", 0.6),
    Invented("dy-night", "Night records", "douyin", "android", OwnerKind.DOUYIN, "夜听唱片", 0.7, "night"),
    Invented("ks-old", "Old hits", "kuaishou", "android", OwnerKind.KUAISHOU, "老歌回放", 0.7),
    Invented("ch-shop", "Shop on Channels", "wechat-channels", "wechat", OwnerKind.CHANNELS, "唱片店视频号", 0.6),
    Invented("live-friday", "Friday live", "live", "wechat", OwnerKind.LIVE, "周五唱片直播", 0.9, "friday"),
    Invented("art-100", "A hundred records", "wechat-account", "wechat", OwnerKind.ARTICLE, "一百张唱片", 0.2),
    Invented("group-3", "Fan group 3", "wechat-group", "wechat", OwnerKind.GROUP, "乐迷三群", 0.3),
)  # fmt: skip
give_in_demo(
    gettext_lazy("Lin's card"),
    gettext_lazy("Chen's card"),
    gettext_lazy("Door of West Nanjing Road"),
    gettext_lazy("Counter in Mong Kok"),
    gettext_lazy("Dianping page"),
    gettext_lazy("Vinyl diary"),
    gettext_lazy("Where to begin with jazz"),
    gettext_lazy("Night records"),
    gettext_lazy("Old hits"),
    gettext_lazy("Shop on Channels"),
    gettext_lazy("Friday live"),
    gettext_lazy("A hundred records"),
    gettext_lazy("Fan group 3"),
    gettext_lazy("West Nanjing Road"),
    gettext_lazy("Mong Kok"),
    gettext_lazy("Lin Xiaoyu"),
    gettext_lazy("Chen Wei"),
)


def told_with(number: int, channel: str) -> dict[str, Any]:
    """The source code, if any, with which the person of that number came through a channel, as a trait."""
    random = Random(f"source {number}")
    chance = random.random()
    for invented in SOURCES:
        if invented.channel == channel:
            if chance < invented.share:
                return {"sourceCode": invented.code}
            chance -= invented.share
    return {}


def campaign_of(code: str) -> dict[str, str]:
    """The UTM that the storefront reports beside a code."""
    found = next((one for one in SOURCES if one.code == code), None)
    return {"source": found.channel, "name": found.campaign} if found and found.campaign else {}
