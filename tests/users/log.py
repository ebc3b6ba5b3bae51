"""One shop's log with everything that may meet in one, and what it must come to, by names instead of ids.

Three people with userIds on many devices, a follower, visitors; orders that are changed, claimed, refunded and
cancelled; answers, addresses, first touches, a warranty card, events a few minutes ahead, edges of calendars.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from tests.segments.zones import ZONES, instants_of
from tests.users.door import Item, identify, item, track, visit
from users.models import (
    AcquisitionChannel,
    Consent,
    ContactPoint,
    Customer,
    CustomerDay,
    DeadLetter,
    Event,
    FirstTouch,
    Identity,
    Order,
    OrderLine,
    OwnedProduct,
    Refund,
    SourceCode,
    StageMove,
    Standing,
)
from users.reports import ltv, retention
from users.reports.channels import profit_and_loss
from users.reports.periods import Period

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Told:
    """An item, and whether a server key tells it."""

    item: Item
    confirmed: bool = True

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.item["occurred_at"])


def came(at: datetime, url: str = "https://shop.example/", **said: Any) -> Item:
    """A visit that says where from: UTM of ``campaign``, or a code in the address."""
    people = {name: said.pop(name) for name in ("user", "anonymous") if name in said}
    page = {"url": url, "search": url.partition("?")[2]}
    return item("page", at=at, name="Page Viewed", context={"page": page, **said}, **people)


def says(channel: str, granted: bool) -> list[dict[str, Any]]:
    return [{"channel": channel, "topic": "news", "granted": granted, "wording": "v1"}]


LINES = [
    {"product_id": "p1", "line_id": "a", "price": 60, "quantity": 1},
    {"product_id": "p2", "line_id": "b", "price": 10, "quantity": 4, "category": "Jazz"},
]
BY_THE_SHOP: tuple[Item, ...] = (
    # alice: four browsers, an order changed twice, refunded in parts; another cancelled, another wholly given back.
    came(NOON - 80 * DAY, anonymous="d1", campaign={"source": "Baidu", "medium": "cpc"}),
    identify(at=NOON - 79 * DAY, anonymous="d1", user="alice", name="Alice", colour="red", channel="weibo"),
    track("Order Completed", at=NOON - 79 * DAY, user="alice", order_id="1", total=100, tax=8, products=LINES),
    track("Order Refunded", at=NOON - 70 * DAY, user="alice", order_id="1", refund_id="r1", amount=25),
    track("Order Refunded", at=NOON - 71 * DAY, user="alice", order_id="1", refund_id="r1", amount=25),
    track("Order Refunded", at=NOON - 60 * DAY, order_id="1", refund_id="r2", products=[{"line_id": "a"}], amount=5),
    visit(at=NOON - 40 * DAY, anonymous="d2"),
    identify(at=NOON - 39 * DAY, anonymous="d2", user="alice", colour="blue", city="Suzhou"),
    item(at=NOON - 39 * DAY, name="Product Viewed", anonymous="d2", properties={"product_id": "p1", "category": "Jazz"},
         context={"device": {"kind": "mobile"}}),
    track("Order Completed", at=NOON - 2 * DAY, user="alice", order_id="3", total=10),
    track("Order Cancelled", at=NOON - DAY, user="alice", order_id="3"),
    track("Order Cancelled", at=NOON - DAY / 2, user="alice", order_id="3"),
    track("Order Completed", at=NOON - 50 * DAY, user="alice", order_id="5", total=20, products=LINES[:1]),
    track("Order Refunded", at=NOON - 49 * DAY, user="alice", order_id="5", refund_id="all"),
    # bob: a visitor whom an alias names, an order that is paid later, one at the till.
    came(NOON - 20 * DAY, "https://shop.example/?src=west", anonymous="d3"),
    item("alias", at=NOON - 19 * DAY, user="bob", previous="d3"),
    track("Order Completed", at=NOON - 19 * DAY, user="bob", order_id="2", total=40, payment_status="due"),
    track("Order Updated", at=NOON - 18 * DAY, user="bob", order_id="2", payment_status="paid", total=42),
    track("Order Updated", at=NOON - 17 * DAY, user="bob", order_id="2", total=45, coupon="MAY"),
    track("Order Completed", at=NOON - 12 * DAY, user="bob", order_id="1", total=7, channel_of_sale="till"),
    track("Warranty Registered", at=NOON - 11 * DAY, user="bob", product_id="p9", serial="S-1", warranty_months=12),
    # A follower whom the back end knows by openid only, then by unionid too, then as a user; and a phone app.
    identify(at=NOON - 30 * DAY, anonymous="w1", wechatOpenid="o-1", plan="gold"),
    came(NOON - 30 * DAY, anonymous="w1", campaign={"source": "weibo", "name": "May"}),
    came(NOON - 30 * DAY, anonymous="w2", campaign={"source": "weibo", "name": "June"}),
    identify(at=NOON - 25 * DAY, anonymous="w2", wechatOpenid="o-1", wechatUnionid="u-1"),
    identify(at=NOON - 24 * DAY, user="carol", wechatUnionid="u-1", phone="+86 138 0013 8000"),
    track("Order Completed", at=NOON - 23 * DAY, anonymous="w1", order_id="4", total=30),
    track("Order Refunded", at=NOON - 22 * DAY, order_id="4", refund_id="shelf", amount=3),
    item("identify", at=NOON - 22 * DAY, user="carol", context={"device": {"token": "t-1"}}),
    item("identify", at=NOON - 21 * DAY, anonymous="a1", context={"device": {"token": "t-1"}}),
    visit(at=NOON - 21 * DAY, anonymous="a1"),
    # Answers and addresses: of a yes and a later no the no, whoever of the two who are one gave it.
    identify(at=NOON - 78 * DAY, anonymous="d1", email="Alice@X.org", consents=says("email", True) + says("sms", True)),
    identify(at=NOON - 45 * DAY, user="alice", consents=says("sms", False)),
    identify(at=NOON - 18 * DAY, user="bob", email="bob@x.org", weiboUid="b-1", consents=says("email", False)),
    identify(at=NOON - 16 * DAY, user="bob", consents=says("email", True)),
    # Somebody nobody knows, and somebody whose clock is a little ahead.
    visit(at=NOON - DAY, anonymous="d4"),
    visit(at=NOON - 100 * DAY, user="erin"),
    visit(at=NOON + timedelta(minutes=4), user="erin"),
    # Many years, at the edges of days.
    *(visit(at=at, user="dora", anonymous="d5") for zone in ZONES for at in instants_of(zone) if at < NOON),
)  # fmt: skip
BY_THE_WINDOW: tuple[Item, ...] = (
    # What a public key says of orders, addresses and answers is kept, and never counts.
    track("Order Completed", at=NOON - 19 * DAY, user="bob", order_id="2", total=9_999),
    track("Order Completed", at=NOON - 3 * DAY, anonymous="d2", order_id="9", total=500),
    track("Order Refunded", at=NOON - 3 * DAY, user="alice", order_id="1", refund_id="x", amount=75),
    track("Order Cancelled", at=NOON - 3 * DAY, user="bob", order_id="2"),
    identify(
        at=NOON - 3 * DAY, anonymous="d4", email="bob@x.org", consents=says("email", True), colour="grey"
    ),
    identify(at=NOON - 15 * DAY, user="bob", email="BOB@x.org", consents=says("email", False)),
    came(NOON - 81 * DAY, anonymous="d4", referrer="https://www.baidu.com/s?wd=tea"),
)
LOG = (*(Told(one) for one in BY_THE_SHOP), *(Told(one, confirmed=False) for one in BY_THE_WINDOW))


def open_shop() -> None:
    """The source code that the log names."""
    SourceCode.objects.create(
        code="west", name="West", channel=AcquisitionChannel.objects.get(slug="store"), owner_kind="store",
        owner="West", target="http://localhost/", created_at=NOON - 99 * DAY,
    )  # fmt: skip


def outcome() -> dict[str, Any]:
    """Everything that must be the same."""
    told = Customer.objects.values_list(
        "user_id", "name", "city", "attributes__colour", "attributes__plan", "first_seen_at", "country", "time_zone",
        "identified", "channel__slug", "source_code", "erased_at",
    )  # fmt: skip
    # Whether a cancelled order was ever told as paid depends on what was known at that moment.
    facts = Event.objects.filter(message_id__startswith="order_").exclude(message_id="order_paid:shop:3")
    sent = Event.objects.exclude(type__is_internal=True)
    return {
        "people": sorted(told, key=str),
        "keys": by_name(Identity.objects.all(), "kind", "value"),
        "standing": by_name(
            Standing.objects.all(), "stage", "stage_at", "first_activity_at", "last_activity_at",
            "run_started_at", "active_days", "next_move_at", "orders", "revenue", "first_order_at", "last_order_at",
        ),
        "moves": moves(),
        "orders": by_name(
            Order.objects.all(), "source", "number", "ordered_at", "paid_at", "cancelled_at", "total", "net",
            "refunded", "counts", "confirmed", "coupon",
        ),
        "lines": by_name(OrderLine.objects.all(), "source", "number", "line", "product_id", "share", "sold_at"),
        "refunds": by_name(Refund.objects.all(), "source", "number", "refund_id", "refunded_at", "amount", "net"),
        "owned": by_name(OwnedProduct.objects.all(), "key", "product_id", "since", "warranty_end", "quantity"),
        "addresses": by_name(ContactPoint.objects.all(), "channel", "address", "state", "confirmed"),
        "answers": by_name(Consent.objects.filter(is_current=True), "channel", "topic__slug", "granted"),
        "touches": by_name(
            FirstTouch.objects.all(), "at", "code", "told_channel", "utm_source", "utm_campaign", "channel__slug"
        ),
        "days": by_name(CustomerDay.objects.all(), "day", "first_at", "last_at", "events"),
        "events": by_name(sent, "message_id", "device", "category"),
        "facts": by_name(facts, "message_id"),
        "waiting": [letter.code for letter in DeadLetter.objects.filter(replayed_at=None)],
    }  # fmt: skip


def figures() -> list[str]:
    """The large tables of the reports, as they print."""
    asked = {"grain": "month", "period": "365", "by": "channel"}
    return [
        repr(retention.compute(retention.read({**asked, "mode": "after"}, NOON), NOON)),
        repr(ltv.compute(ltv.read(asked, NOON), NOON)),
        repr(profit_and_loss(Period((NOON - 99 * DAY).date(), NOON.date()), NOON)),
    ]


def moves() -> list[tuple[Any, ...]]:
    """The moves believed, and when what caused them happened (of two events at one instant each is the cause)."""
    happened = {
        (who, key): at
        for who, key, at in Event.objects.values_list("customer_id", "message_id", "occurred_at")
    }
    names = dict(Customer.objects.values_list("pk", "user_id"))
    rows = StageMove.objects.filter(superseded_at=None)
    return sorted(
        (
            (names[move.customer_id], move.at, move.from_stage, move.to_stage,
             happened.get((move.customer_id, move.cause_message_id)))
            for move in rows
        ),
        key=str,
    )  # fmt: skip


def by_name(rows: QuerySet[Any], *columns: str) -> list[tuple[Any, ...]]:
    """These columns of rows about customers, with the userId in place of the id."""
    names = dict(Customer.objects.values_list("pk", "user_id"))
    told: Iterable[tuple[Any, ...]] = rows.values_list("customer_id", *columns)
    return sorted(((names[customer_id], *row) for customer_id, *row in told), key=str)
