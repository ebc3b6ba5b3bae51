"""The demo shop's source codes, the visits at their links, and what channels cost: all of it invented."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random

import httpx

from config.kit.batches import execute
from users import shop
from users.demo import Progress
from users.models import AcquisitionChannel, ChannelCost, SourceCode, SourceTouch, Storefront
from users.services import sources, storefronts
from users.services.costs import CostRow, set_costs
from users.services.demo.codes import SOURCES
from users.services.demo.door import inside_or_running
from users.services.demo.instants import shop_day
from users.services.demo.storytelling import SHOP_URL
from users.services.sources import SourceDraft
from users.services.sql import statement

STOREFRONT = "demo-records"
MARGIN = "35"
COSTS_DAYS = 547
BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.50"
PREVIEW = "Mozilla/5.0 (compatible; LinkPreviewBot/1.0)"


# Channel → minor units spent on an ordinary day.
SPENT = {
    "baidu": 3_600, "google": 1_400, "social-ads": 9_500, "xiaohongshu": 1_500, "douyin": 1_900, "kuaishou": 700,
    "wechat-account": 1_200, "weibo": 900, "live": 800,
}  # fmt: skip


def load_sources(now: datetime, progress: Progress) -> None:
    """The demo's storefront, source codes, costs and gross margin, before anybody comes."""
    _make_storefront()
    channels = {channel.slug: channel for channel in AcquisitionChannel.objects.all()}
    known = set(SourceCode.objects.values_list("code", flat=True))
    for one in SOURCES:
        if one.code not in known and one.channel in channels:
            draft = SourceDraft(
                name=one.name,
                channel=channels[one.channel],
                owner_kind=one.kind,
                owner=one.owner,
                target=SHOP_URL,
                platform=one.platform,
                utm_source=one.channel if one.campaign else "",
                utm_campaign=one.campaign,
            )
            sources.create_source(one.code, draft, by=None, is_invented=True)
    SourceCode.objects.filter(is_invented=True, created_at__gte=now).update(
        created_at=now - timedelta(days=COSTS_DAYS)
    )
    if not ChannelCost.objects.exists():
        rows = [row for slug in SPENT if slug in channels for row in _costs(slug, shop_day(now))]
        set_costs(rows, by=None, is_invented=True, actor="demo")
    if not shop.gross_margin.get():
        shop.gross_margin.set(MARGIN)


def load_visits(now: datetime, progress: Progress) -> None:
    """Visits at the links: those that brought the customers and some that did not, and today's at the door."""
    if SourceTouch.objects.exists():
        return
    execute(statement("demo_touches"), {"until": now - timedelta(hours=2)})
    with inside_or_running() as client:
        for number, one in enumerate(SOURCES * 2):
            follow(client, one.code, agent=PREVIEW if number % 7 == 0 else BROWSER)


def follow(client: httpx.Client, code: str, *, agent: str) -> None:
    """Follow a code's link as a visitor does, up to where it leads."""
    client.cookies.clear()
    client.get(f"/s/{code}", headers={"User-Agent": agent}, follow_redirects=False)


def _make_storefront() -> None:
    origin = SHOP_URL.rstrip("/")
    if not Storefront.objects.filter(name=STOREFRONT).exists():
        storefronts.create(name=STOREFRONT, title="Demo shop", by=None)
        Storefront.objects.filter(name=STOREFRONT).update(allowed_origins=[origin])


def _costs(slug: str, today: date) -> Sequence[CostRow]:
    """What an ordinary day costs, more around the weekend, with chance; nothing on days without advertising."""
    rows = []
    for back in range(COSTS_DAYS, 0, -1):
        day = today - timedelta(days=back)
        random = Random(f"cost {slug} {day}")
        if random.random() < 0.9:
            weekend = 1.4 if day.weekday() >= 4 else 1.0
            rows.append(CostRow(day, slug, round(SPENT[slug] * weekend * random.uniform(0.7, 1.3))))
    return rows
