"""Channel profit and loss (definitions.md: CAC, Payback): what each channel cost, brought and earned.

Figures are of customers acquired in the period: their first order that counts fell into it, credited to the
channel of their first touch. Revenue is theirs to date, net, at the date of the order.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Count, Sum

from config.kit.batches import fetch
from users.models import AcquisitionChannel, ChannelCost, Customer
from users.reports import stored
from users.reports.figures import today_in_shop
from users.reports.periods import Period
from users.shop import margin

STAYING_DAYS = 30
HALF = 0.5
FEWEST = 20
"""New customers below which the share of a channel says nothing."""


@dataclass(slots=True)
class Sums:
    """Counts and amounts (minor units) that add up over channels; ``days``: net revenue by day of the order."""

    joined: int = 0
    matured: int = 0
    stayed: int = 0
    buyers: int = 0
    cost: int = 0
    days: dict[date, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, other: "Sums") -> None:
        """Add another channel's."""
        self.joined += other.joined
        self.matured += other.matured
        self.stayed += other.stayed
        self.buyers += other.buyers
        self.cost += other.cost
        for day, amount in other.days.items():
            self.days[day] += amount


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """One line of the report; ``channel`` None: not known. ``margin``: of net revenue, None: not set.

    ``stayed`` of ``matured``: active on day 30 after joining or later, of those whose day 30 has begun.
    ``is_own``: customers told to have come through an upper channel itself, beside its lower ones.
    """

    channel: AcquisitionChannel | None
    sums: Sums
    touches: int
    reach: int
    margin: Decimal | None
    lower: Sequence["ChannelLine"] = ()
    is_own: bool = False

    @property
    def revenue(self) -> int:
        """Net revenue to date, in minor units."""
        return sum(self.sums.days.values())

    @property
    def staying(self) -> float | None:
        """Share active on day 30 or later, so far."""
        return self.sums.stayed / self.sums.matured if self.sums.matured else None

    @property
    def cac(self) -> Decimal | None:
        """Cost per customer acquired; None where nothing was spent or nobody acquired."""
        return Decimal(self.sums.cost) / self.sums.buyers if self.sums.cost and self.sums.buyers else None

    @property
    def ltv(self) -> Decimal | None:
        """Net revenue to date per customer acquired."""
        return Decimal(self.revenue) / self.sums.buyers if self.sums.buyers else None

    @property
    def profit(self) -> Decimal | None:
        """Revenue × gross margin − cost; None while the margin is not set."""
        return None if self.margin is None else self.revenue * self.margin - self.sums.cost

    @property
    def payback(self) -> date | None:
        """The first day on which cumulated net revenue × margin reached the cost; None: not yet, or not known."""
        return None if self.margin is None else payback_day(self.sums.days, self.margin, self.sums.cost)


@dataclass(frozen=True, slots=True)
class ProfitAndLoss:
    """The report. ``ledger``: all orders that count; ``others``: of customers acquired at other times."""

    period: Period
    lines: Sequence[ChannelLine]
    total: ChannelLine
    ledger: int
    others: int
    as_of: datetime

    @property
    def difference(self) -> int:
        """What the lines and the others together miss of the ledger, in minor units: 0."""
        return self.ledger - self.others - self.total.revenue


@dataclass(frozen=True, slots=True)
class Share:
    """New customers of an upper channel in a period (channel None: not known)."""

    channel: AcquisitionChannel | None
    joined: int


def payback_day(days: Mapping[date, int], margin: Decimal, cost: int) -> date | None:
    """The first day on which cumulated amounts × margin reach the cost; None where nothing was spent."""
    if not cost:
        return None
    earned = 0
    for day in sorted(days):
        earned += days[day]
        if earned * margin >= cost:
            return day
    return None


def profit_and_loss(period: Period, now: datetime) -> ProfitAndLoss:
    """The report for customers acquired in a period."""
    values = {
        "begin": period.begin,
        "end": period.end,
        "zone": settings.SHOP_TIME_ZONE,
        "today": today_in_shop(now),
    }
    told = stored.rows(report_sql("channel_sums"), values, now)
    sums, (ledger, others) = _sums(period, told.rows)
    touches = _touches(values)
    channels = list(AcquisitionChannel.objects.order_by("pk"))
    lower: dict[int, list[AcquisitionChannel]] = defaultdict(list)
    for channel in channels:
        if channel.parent_id:
            lower[channel.parent_id].append(channel)
    share = margin()
    lines = [
        _upper(channel, lower[channel.pk], sums, touches, share)
        for channel in channels
        if not channel.parent_id
    ]
    lines = [line for line in lines if _says_something(line)]
    lines.sort(key=lambda line: (-line.sums.joined, -line.revenue))
    if None in sums:
        lines.append(ChannelLine(None, sums[None], 0, 0, share))
    total = ChannelLine(
        None,
        _added(line.sums for line in lines),
        *touches.get((True, None), (0, 0)),  # a visitor of two channels is one person
        share,
    )
    return ProfitAndLoss(period, lines, total, ledger, others, told.as_of)


def shares(period: Period, now: datetime) -> list[Share]:
    """New customers per upper channel, the largest first; of a large shop as of some minutes ago."""
    joined = Customer.objects.known().filter(registered_at__gte=period.begin, registered_at__lt=period.end)
    counting = joined.order_by().values_list("channel").annotate(joined=Count("pk"))
    counted = stored.lately(f"joined {period}", lambda: list(counting), now, of=["users_customer"]).rows
    channels = AcquisitionChannel.objects.in_bulk()
    found: dict[int | None, int] = defaultdict(int)
    for channel_id, count in counted:
        channel = channels.get(channel_id) if channel_id else None
        found[(channel.parent_id or channel.pk) if channel else None] += count
    listed = [Share(channels.get(pk) if pk else None, count) for pk, count in found.items()]
    return sorted(listed, key=lambda share: -share.joined)


def leader(found: Sequence[Share]) -> Share | None:
    """The channel that brings over half of the new customers, where there are enough to say so."""
    total = sum(share.joined for share in found)
    known = [share for share in found if share.channel is not None]
    if total < FEWEST or not known or known[0].joined <= total * HALF:
        return None
    return known[0]


def last_days(now: datetime, days: int) -> Period:
    """The last calendar days up to yesterday."""
    yesterday = today_in_shop(now) - timedelta(days=1)
    return Period(yesterday - timedelta(days=days - 1), yesterday)


def _sums(period: Period, rows: Sequence[Sequence[Any]]) -> tuple[dict[int | None, Sums], tuple[int, int]]:
    """Per channel what adds up, with today's costs; the ledger, and what of it others brought."""
    sums: dict[int | None, Sums] = defaultdict(Sums)
    books = (0, 0)
    for what, channel, day, first, second, third in rows:
        if what == "ledger":
            books = (first, second)
            continue
        found = sums[channel]
        if what == "joined":
            found.joined, found.matured, found.stayed = first, second, third
        elif what == "bought":
            found.buyers = first
        else:
            found.days[date.fromisoformat(day)] += first
    costs = ChannelCost.objects.filter(day__range=(period.first, period.last))
    for channel, cost in costs.order_by().values_list("channel").annotate(cost=Sum("amount")):
        sums[channel].cost = cost
    return sums, books


def _touches(values: dict[str, Any]) -> dict[tuple[bool, int | None], tuple[int, int]]:
    """(whether of the upper level with its lower ones, channel) → touches, different visitors; None: all channels."""
    return {
        (level > 1, channel if level == 1 else upper): (touches, reach)
        for channel, upper, level, touches, reach in fetch(report_sql("channel_reach"), values)
    }


def _upper(
    channel: AcquisitionChannel,
    lower: Sequence[AcquisitionChannel],
    sums: Mapping[int | None, Sums],
    touches: Mapping[tuple[bool, int | None], tuple[int, int]],
    told: Decimal | None,
) -> ChannelLine:
    """An upper channel with its lower ones; what came through itself stands beside them."""
    lines = [
        ChannelLine(
            one, sums.get(one.pk, Sums()), *touches.get((False, one.pk), (0, 0)), told, is_own=one is channel
        )
        for one in (*lower, channel)
    ]
    lines = [line for line in lines if _says_something(line)] if lower else []
    whole = _added(sums.get(one.pk, Sums()) for one in (channel, *lower))
    lines.sort(key=lambda line: -line.sums.joined)
    return ChannelLine(channel, whole, *touches.get((True, channel.pk), (0, 0)), told, lines)


def _says_something(line: ChannelLine) -> bool:
    return bool(line.sums.joined or line.sums.buyers or line.sums.cost or line.touches)


def _added(parts: Iterable[Sums]) -> Sums:
    whole = Sums()
    for part in parts:
        whole.add(part)
    return whole


@cache
def report_sql(name: str) -> str:
    """A statement beside the reports."""
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8")
