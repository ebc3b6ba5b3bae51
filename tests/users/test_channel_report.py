"""Channel profit and loss and the figures of source codes, computed a second way with pandas, to the cent."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from django.urls import reverse

from tests.clock import move_to
from tests.operators import logged_in, operator
from tests.users.door import Item, customer, identify, send, track, visit
from users.groups import read_group
from users.models import AcquisitionChannel, Customer, Order, SourceCode, SourceTouch, Standing
from users.reports.channels import Share, last_days, leader, payback_day, profit_and_loss, shares
from users.reports.periods import Period
from users.reports.sources import by_code, by_owner
from users.services import settings as shop_settings
from users.services.costs import CostRow, set_costs

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ZONE = ZoneInfo("Asia/Shanghai")
PERIOD = Period(date(2026, 1, 1), date(2026, 3, 31))
CHANNELS: Sequence[str | None] = ("baidu", "google", "search", "weibo", "store", None)
MARGIN = Decimal("0.355")


def shop_day(at: datetime) -> date:
    return at.astimezone(ZONE).date()


def lives(random: Random) -> list[Item]:
    """Sixty customers of six kinds of channel; orders, part and whole refunds, cancellations, visits."""
    items: list[Item] = []
    for number in range(60):
        user, channel = f"u{number}", CHANNELS[number % len(CHANNELS)]
        at = NOON - random.randint(20, 170) * DAY - timedelta(minutes=random.randint(0, 1440))
        traits = {"channel": channel} if channel else {}
        items.append(identify(at=at, user=user, createdAt=at.isoformat(), **traits))
        for count in range(random.choice((0, 0, 1, 2, 3))):
            bought = at + random.randint(0, 60) * DAY
            if bought >= NOON - 2 * DAY:
                continue
            total = random.randint(100, 20_000) / 100
            order = {"user": user, "order_id": f"{number}-{count}", "currency": "USD"}
            items.append(track("Order Completed", at=bought, total=total, tax=1, shipping=0.55, **order))
            fate = random.random()
            if fate < 0.15:
                items.append(track("Order Cancelled", at=bought + timedelta(hours=1), **order))
            elif fate < 0.4:
                back = total if fate < 0.25 else round(total / 3, 2)
                items.append(track("Order Refunded", at=bought + DAY, refund_id="r", total=back, **order))
        if random.random() < 0.6:
            items.append(visit(at=min(at + random.randint(1, 90) * DAY, NOON - DAY), user=user))
    items.append(visit(at=NOON - 100 * DAY, anonymous="nobody"))
    return items


@pytest.fixture
def shop() -> None:
    """Lives, costs, the margin."""
    move_to(NOON)
    random = Random(7)
    send(*lives(random))
    rows = [
        CostRow(PERIOD.first + n * DAY, slug, random.randint(1, 900))
        for slug in ("baidu", "search", "weibo", "swap")
        for n in range(-5, 95, 7)
    ]
    set_costs(rows, by=operator())
    shop_settings.change({"gross_margin": "35.5"}, by=operator())


def people() -> pd.DataFrame:
    """Every customer with channel, upper channel, join and activity, from the bare tables."""
    uppers = {
        c.slug: (c.parent.slug if c.parent else c.slug)
        for c in AcquisitionChannel.objects.select_related("parent")
    }
    rows = []
    for standing in Standing.objects.select_related("customer__channel"):
        person = standing.customer
        slug = person.channel.slug if person.channel else "-"
        rows.append(
            {
                "id": person.pk, "slug": slug, "upper": uppers.get(slug, "-"), "known": person.identified,
                "joined": shop_day(person.registered_at) if person.registered_at else None,
                "last": shop_day(standing.last_activity_at) if standing.last_activity_at else None,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def orders() -> pd.DataFrame:
    """Every order that counts, by the words of definitions.md from its amounts."""
    rows = []
    for order in Order.objects.all():
        is_paid = order.paid_at is not None and order.confirmed and order.cancelled_at is None
        net = order.total - order.tax - order.shipping - order.refunded
        if is_paid and order.refunded < order.total:
            rows.append({"id": order.customer_id, "day": shop_day(order.ordered_at), "net": net})
    return pd.DataFrame(rows)


def expected(key: str, wanted: str | None, today: date) -> dict[str, Any]:
    """One line of the report; ``wanted`` None: all."""
    who, bought = people(), orders()
    first = bought.groupby("id")["day"].min()
    of_channel = who if wanted is None else who[who[key] == wanted]
    joined = of_channel[of_channel.known & of_channel.joined.notna()]
    joined = joined[joined.joined.map(lambda day: PERIOD.first <= day <= PERIOD.last)]
    matured = joined[joined.joined.map(lambda day: day + 30 * DAY <= today)]
    stayed = [
        one for one in matured.itertuples() if one.last is not None and one.last >= one.joined + 30 * DAY
    ]
    acquired = [
        pk for pk in of_channel["id"] if pk in first.index and PERIOD.first <= first[pk] <= PERIOD.last
    ]
    theirs = bought[bought["id"].isin(acquired)].sort_values("day")
    return {
        "joined": len(joined), "matured": len(matured), "stayed": len(stayed), "buyers": len(acquired),
        "revenue": int(theirs["net"].sum()), "days": theirs.groupby("day")["net"].sum().cumsum(),
    }  # fmt: skip


def check(line: Any, wanted: dict[str, Any], cost: int) -> None:
    found = line.sums
    assert {name: wanted[name] for name in ("joined", "matured", "stayed", "buyers", "revenue")} == {
        "joined": found.joined, "matured": found.matured, "stayed": found.stayed, "buyers": found.buyers,
        "revenue": line.revenue,
    }  # fmt: skip
    assert found.cost == cost
    assert line.profit == wanted["revenue"] * MARGIN - cost
    if cost and wanted["buyers"]:
        assert line.cac == Decimal(cost) / wanted["buyers"]
    reached = [day for day, sum_so_far in wanted["days"].items() if int(sum_so_far) * MARGIN >= cost]
    assert line.payback == (min(reached) if reached and cost else None)


def spent(*slugs: str) -> int:
    """What the period's days cost, straight from the entries."""
    from users.models import ChannelCost

    rows = ChannelCost.objects.filter(channel__slug__in=slugs).values_list("day", "amount")
    return sum(amount for day, amount in rows if PERIOD.first <= day <= PERIOD.last)


@pytest.mark.usefixtures("shop")
def test_every_line_is_what_pandas_says_and_the_sum_is_the_ledger() -> None:
    report = profit_and_loss(PERIOD, NOON)
    today = shop_day(NOON)
    lines = {line.channel.slug if line.channel else "-": line for line in report.lines}
    assert set(lines) == {"search", "weibo", "offline", "swap", "-"}
    check(lines["search"], expected("upper", "search", today), spent("search", "baidu", "google"))
    check(lines["weibo"], expected("upper", "weibo", today), spent("weibo"))
    check(lines["offline"], expected("upper", "offline", today), 0)
    check(lines["-"], expected("upper", "-", today), 0)
    lower = {line.channel.slug: line for line in lines["search"].lower if line.channel}
    for slug in ("baidu", "google", "search"):
        check(lower[slug], expected("slug", slug, today), spent(slug))
    assert lower["search"].is_own
    check(report.total, expected("slug", None, today), spent("search", "baidu", "weibo", "swap"))
    assert report.ledger == int(orders()["net"].sum())
    assert report.difference == 0
    assert report.others > 0


@pytest.mark.usefixtures("shop")
def test_every_number_opens_its_customers() -> None:
    report = profit_and_loss(PERIOD, NOON)
    for line in report.lines:
        slug = line.channel.slug if line.channel else "-"
        for what, count in (
            ("joined", line.sums.joined),
            ("stayed", line.sums.stayed),
            ("bought", line.sums.buyers),
        ):
            spec = f"acquired?what={what}&channel={slug}&first={PERIOD.first}&last={PERIOD.last}"
            assert Customer.objects.filter(pk__in=read_group(spec, NOON).customers).count() == count, spec
    own = f"acquired?what=joined&channel=search&own=1&first={PERIOD.first}&last={PERIOD.last}"
    assert set(
        Customer.objects.filter(pk__in=read_group(own, NOON).customers).values_list(
            "channel__slug", flat=True
        )
    ) == {"search"}


@pytest.mark.usefixtures("shop")
def test_the_page_says_what_is_missing_and_opens_the_lower_level() -> None:
    page = logged_in(language="en")
    address = reverse("users:channels")
    query = {"from": str(PERIOD.first), "to": str(PERIOD.last)}
    closed = page.get(address, query)
    names = [str(row[0].value) for row in closed.context["table"].rows]
    assert "▸ Search" in names and "↳ Baidu" not in names
    opened = page.get(address, {**query, "open": "search"})
    names = [str(row[0].value) for row in opened.context["table"].rows]
    assert "▾ Search" in names and "↳ Baidu" in names and "↳ Search itself" in names
    shop_settings.change({"gross_margin": ""}, by=operator())
    bare = page.get(address, query)
    assert "gross margin is not set" in bare.content.decode()
    assert all(row[-1].value is None for row in bare.context["table"].rows)
    csv = page.get(address, {**query, "csv": "1"})
    assert b"search,baidu" in b"".join(csv.streaming_content)  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["-1", "101", "abc", "35,5", "1e2", "35.55555"])
def test_a_margin_that_cannot_be_meant_is_refused(text: str) -> None:
    from config.kit.refusal import Refusal

    with pytest.raises(Refusal):
        shop_settings.change({"gross_margin": text}, by=operator())


def test_payback_is_the_first_day_on_which_the_cost_is_reached() -> None:
    days = {date(2026, 1, 3): 100, date(2026, 1, 1): 100, date(2026, 1, 2): -50, date(2026, 1, 9): 1}
    assert payback_day(days, Decimal("0.5"), 50) == date(2026, 1, 1)
    assert payback_day(days, Decimal("0.5"), 75) == date(2026, 1, 3)
    assert payback_day(days, Decimal("0.5"), 76) is None
    assert payback_day(days, Decimal("0.5"), 0) is None
    assert payback_day(days, Decimal(0), 1) is None


def test_one_channel_over_half_is_a_warning_and_half_is_none() -> None:
    weibo, baidu = (AcquisitionChannel.objects.get(slug=slug) for slug in ("weibo", "baidu"))
    assert leader([Share(weibo, 11), Share(baidu, 9)]) == Share(weibo, 11)
    assert leader([Share(weibo, 10), Share(baidu, 10)]) is None
    assert leader([Share(weibo, 11), Share(baidu, 2)]) is None  # too few to say so
    assert leader([Share(None, 30), Share(baidu, 9)]) is None
    move_to(NOON)
    send(
        *(
            identify(at=NOON - 3 * DAY, user=f"u{n}", createdAt=(NOON - 3 * DAY).isoformat(), channel="baidu")
            for n in range(25)
        )
    )
    assert [
        (share.channel.slug if share.channel else None, share.joined)
        for share in shares(last_days(NOON, 30), NOON)
    ] == [("search", 25)]
    home = logged_in(language="en").get(reverse("users:home"), {"panel": "all"})
    assert "Over half of the new customers come through one channel: Search" in home.content.decode()


def test_codes_and_owners_bring_what_their_customers_brought() -> None:
    move_to(NOON)
    store = AcquisitionChannel.objects.get(slug="store")
    fields = {"channel": store, "owner_kind": "store", "owner": "West", "target": "http://localhost/"}
    one, two = (
        SourceCode.objects.create(code=code, name=code, created_at=NOON, **fields) for code in ("one", "two")
    )
    ann, bob = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
    for source, visitor, by_bot in (
        (one, ann, False),
        (one, ann, False),
        (two, ann, False),
        (two, bob, True),
    ):
        SourceTouch.objects.create(source=source, visitor=visitor, at=NOON - 40 * DAY, by_bot=by_bot)
    send(
        identify(at=NOON - 40 * DAY, user="alice", sourceCode="one"),
        visit(at=NOON - 10 * DAY, user="alice"),
        track("Order Completed", at=NOON - 39 * DAY, user="alice", order_id="1", total=12.34, currency="USD"),
        track("Order Completed", at=NOON - 38 * DAY, user="alice", order_id="2", total=1, currency="USD"),
        identify(at=NOON - 40 * DAY, user="bert", sourceCode="two"),
        visit(at=NOON - 11 * DAY, user="bert"),
        identify(at=NOON - 20 * DAY, user="carl", sourceCode="two"),
        visit(at=NOON - 300 * DAY, anonymous="x"),
    )
    period = Period(shop_day(NOON) - 60 * DAY, shop_day(NOON))
    found, as_of = by_code(period, NOON)
    assert as_of == NOON
    assert [
        getattr(found["one"], name)
        for name in ("touches", "reach", "customers", "buyers", "orders", "revenue", "matured", "stayed")
    ] == [2, 1, 1, 1, 2, 1334, 1, 1]
    assert [
        getattr(found["two"], name)
        for name in ("touches", "reach", "programs", "customers", "orders", "matured", "stayed")
    ] == [1, 1, 1, 2, 0, 1, 0]
    owner = by_owner(period, NOON)[0]["store", "West"]
    assert (owner.reach, owner.touches, owner.customers, owner.revenue, owner.stayed) == (1, 3, 3, 1334, 1)
    spec = f"source?what=stayed&owner_kind=store&owner=West&first={period.first}&last={period.last}"
    assert list(Customer.objects.filter(pk__in=read_group(spec, NOON).customers)) == [customer("alice")]
    page = logged_in(language="en").get(reverse("users:sources"), {"by": "owner"})
    assert [
        str(row[0].value if hasattr(row[0], "value") else row[0]) for row in page.context["table"].rows
    ] == ["West"]


def test_who_followed_links_of_two_channels_is_one_person_in_the_total() -> None:
    sources = [
        SourceCode.objects.create(
            code=slug, name=slug, channel=AcquisitionChannel.objects.get(slug=slug), owner_kind="store", owner="W",
            target="http://localhost/", created_at=NOON,
        )
        for slug in ("weibo", "baidu")
    ]  # fmt: skip
    ann, bob = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
    for source, visitor in ((sources[0], ann), (sources[1], ann), (sources[1], bob), (sources[1], bob)):
        SourceTouch.objects.create(source=source, visitor=visitor, at=NOON - 5 * DAY)
    found = profit_and_loss(Period(shop_day(NOON) - 10 * DAY, shop_day(NOON)), NOON)
    assert sorted((line.touches, line.reach) for line in found.lines if line.touches) == [(1, 1), (3, 2)]
    assert (found.total.touches, found.total.reach) == (4, 2)
