"""What changes the fields of rules: real acts, each with questions whose answer it turns for somebody.

``tests/segments/test_touches.py`` performs them one after the other and looks at every write. An act that changes a
registered name belongs here; a name that no act turns fails the gate.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from config.kit import clock
from tests.clock import move, move_to
from tests.operators import operator
from tests.settling import apply_everything
from tests.users.door import customer, identify, item, send, track, visit
from tests.users.value.shop import invent, open_shop
from users.models import AcquisitionChannel, Category, Customer, OwnerKind, SourceCode, Tag
from users.services import (
    categories,
    channels,
    consent_acts,
    contact_acts,
    erase,
    joining,
    long_jobs,
    owned,
    preferences,
    products,
    profile_acts,
    sources,
    stages,
    tag_acts,
    tags,
    value,
)
from users.services.consent_acts import HandAnswer
from users.services.contacts import set_state
from users.services.preferences import Wish
from users.services.sources import SourceDraft

Json = dict[str, Any]
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Act:
    """Something that really happens, and questions that somebody answers otherwise afterwards.

    ``prepare`` is not watched. ``turns``: conditions.
    """

    name: str
    perform: Callable[[], Any]
    turns: tuple[Json, ...]
    prepare: Callable[[], Any] = lambda: None


def field(name: str, op: str, value: Any = None) -> Json:
    """A question about a field."""
    return {"field": name, "op": op} if value is None else {"field": name, "op": op, "value": value}


def is_any(name: str, *values: str) -> Json:
    """A question about a choice."""
    return field(name, "is_any_of", list(values))


def has(name: str, *values: str) -> Json:
    """A question about a collection."""
    return {"collection": name, "op": "has_any_of", "value": list(values)}


def happened(name: str, at_least: int = 1, **where: Any) -> Json:
    """A question about what happened."""
    asked: Json = {"happened": name, "op": "did", "at_least": at_least}
    if where:
        asked["where"] = [filtered(key, value) for key, value in where.items()]
    return asked


def filtered(name: str, value: Any) -> Json:
    """A filter by equality, said as the property's kind wants it."""
    if isinstance(value, list):
        return {"property": name, "op": "is_any_of", "value": value}
    return {"property": name, "op": "equals", "value": value}


# --- Who they are -------------------------------------------------------------------------------------------


def tell_profile() -> None:
    send(
        identify(
            at=clock.now(), user="ada", name="Ada Wu", firstName="Ada", lastName="Wu", gender="female",
            birthday="1990-05-20", occupation="Cook", industry="Food", incomeBand="high", education="MA",
            interests=["Tea"], locale="zh-CN", timezone="Asia/Shanghai", platform="ios", noProfiling=True,
            createdAt=(NOW - DAY).isoformat(), address={"country": "CN", "region": "Jiangsu", "city": "Suzhou"},
            shoe=42,
        )
    )  # fmt: skip


def change_profile() -> None:
    profile_acts.edit(customer("ada"), {"city": "Wuxi"}, by=operator(), now=clock.now())


def come_by_source() -> None:
    url = "https://shop.example/?src=spring-qr&utm_source=paper&utm_medium=flyer&utm_campaign=may&utm_term=t&utm_content=c"
    context = {"page": {"url": url, "referrer": "https://www.baidu.com/s?wd=x", "search": url.partition("?")[2]}}
    send(item("page", at=clock.now(), name="Page Viewed", user="bea", context=context))
    send(identify(at=clock.now(), user="bea", sourceCode="spring-qr"))


def make_source() -> None:
    channel = AcquisitionChannel.objects.exclude(parent=None).order_by("pk").first()
    assert channel is not None
    draft = SourceDraft(
        name="Spring", channel=channel, owner_kind=OwnerKind.STORE, owner="West", target="http://localhost:8000/",
        platform="wechat",
    )  # fmt: skip
    sources.create_source("spring-qr", draft, by=operator())


def change_source() -> None:
    source = SourceCode.objects.get(code="spring-qr")
    draft = SourceDraft(
        name="Spring", channel=source.channel, owner_kind=OwnerKind.EMPLOYEE, owner="Ming",
        target=source.target, platform="paper",
    )  # fmt: skip
    sources.change_source(source.pk, draft, by=operator())


def move_channel() -> None:
    channel = SourceCode.objects.get(code="spring-qr").channel
    other = AcquisitionChannel.objects.filter(parent=None).exclude(pk=channel.parent_id).order_by("pk").first()
    channels.change_channel(channel.pk, name=channel.name, name_zh=channel.name_zh, parent=other, by=operator())


def reach() -> None:
    who = Customer.objects.get(user_id="ada")
    by = operator()
    contact_acts.add_by_hand(who, "email", "ada@example.com", by=by, now=clock.now())
    told = HandAnswer("email", "news", True, "phone", "May we write?", "She said so", clock.now())
    consent_acts.record_by_hand(who, told, key=uuid.uuid4(), by=by, now=clock.now())


def bounce() -> None:
    set_state(customer("ada").pk, "email", "ada@example.com", "bouncing", clock.now())


def wish() -> None:
    said = Wish(key="w", source="page", answers={("news", "email"): False}, most_per_week=2, no_profiling=False)
    preferences.change(customer("ada").pk, said, now=clock.now())


def lose_contact() -> None:
    contact_acts.remove_by_hand(customer("ada"), "email", "ada@example.com", by=operator())


def tag() -> None:
    tags.put_on(customer("ada"), "Press", by=operator(), now=clock.now())


def sort_tag() -> None:
    tag_acts.change(Tag.objects.get(name="Press"), name="Press", category="Outside", by=operator())


def untag() -> None:
    tags.take_off(customer("ada"), Tag.objects.get(name="Press").pk, by=operator())


# --- What they do -------------------------------------------------------------------------------------------


def come_by() -> None:
    for back in (2, 1, 0):
        send(visit(at=clock.now() - back * DAY, user="cleo"))
    send(track("Product Viewed", at=clock.now(), user="cleo", category="Jazz", value=5, price=5))


def fall_asleep() -> None:
    move(40 * DAY)
    stages.move_stages(clock.now())


def line(product: str, category: str) -> Json:
    return {"product_id": product, "name": product, "category": category, "price": 20, "quantity": 1}


def buy() -> None:
    send(
        track(
            "Order Completed", at=clock.now(), user="dora", order_id="D1", total=40, currency="USD",
            coupon="MAY", products=[line("rec-1", "Music > Jazz"), line("book-1", "Books")],
        ),
        track(
            "Order Completed", at=clock.now(), user="dora", order_id="D2", total=20, currency="USD",
            products=[line("rec-1", "Music > Jazz")],
        ),
    )  # fmt: skip
    apply_everything()


def refund() -> None:
    send(
        track(
            "Order Refunded", at=clock.now(), user="dora", order_id="D1", refund_id="R1", total=10, currency="USD"
        )
    )
    apply_everything()


def cancel() -> None:
    send(track("Order Cancelled", at=clock.now(), user="dora", order_id="D2"))
    apply_everything()


def sort_product() -> None:
    products.set_product("rec-1", category="Sheet music", warranty_months=24, by=operator())


def register_card() -> None:
    owned.register(
        customer("dora").pk, product_id="book-1", serial="S1", since=clock.now() - DAY, now=clock.now(), months=12,
        by=operator(),
    )  # fmt: skip


def move_category() -> None:
    below = Category.objects.get(path="Books")
    categories.move(Category.objects.get(path="Sheet music").pk, below=below.pk, by=operator())


def a_day_of_figures() -> None:
    value.compute(clock.now())


def many_buyers() -> None:
    open_shop(invent(900, NOW - timedelta(hours=9)))


# --- Who turn out to be one, and who leave ------------------------------------------------------------------


def join() -> None:
    joining.join(customer("ada").pk, customer("dora").pk, now=clock.now(), cause="hand")
    apply_everything()


def leave() -> None:
    erase.erase(customer("cleo").pk, by=operator(), now=clock.now())


USERS = (
    Act(
        "an identify call",
        tell_profile,
        (
            field("name", "equals", "Ada Wu"), field("first_name", "equals", "Ada"), field("last_name", "equals", "Wu"),
            is_any("gender", "female"), field("birthday", "in_month", 5), field("country", "equals", "CN"),
            field("region", "equals", "Jiangsu"), field("city", "equals", "Suzhou"),
            field("occupation", "equals", "Cook"), field("industry", "equals", "Food"),
            field("income_band", "equals", "high"), field("education", "equals", "MA"),
            field("language", "starts_with", "zh"), field("time_zone", "equals", "Asia/Shanghai"),
            field("platform", "equals", "ios"), field("no_profiling", "equals", True),
            field("identified", "equals", True), field("registered_at", "in_last_days", 10),
            has("interests", "Tea"), has("identities", "user_id"),
            {"attribute": "shoe", "op": "equals", "value": 42},
        ),
    ),
    Act("an operator edits the profile", change_profile, (field("city", "equals", "Wuxi"),)),
    Act(
        "a visit through a source code",
        come_by_source,
        (
            field("channel", "is_known"), field("channel_group", "is_known"), field("source_code", "equals", "spring-qr"),
            field("source_owner", "equals", "West"), is_any("source_owner_kind", "store"),
            field("source_platform", "equals", "wechat"),
            field("utm_source", "equals", "paper"), field("utm_medium", "equals", "flyer"),
            field("utm_campaign", "equals", "may"), field("utm_term", "equals", "t"),
            field("utm_content", "equals", "c"), field("referrer", "contains", "baidu.com"),
        ),
        prepare=make_source,
    ),
    Act(
        "the source code gets another owner",
        change_source,
        (
            field("source_owner", "equals", "Ming"), is_any("source_owner_kind", "employee"),
            field("source_platform", "equals", "paper"),
        ),
    ),
    Act("the channel gets another parent", move_channel, (is_any("channel_group", "app-store"),)),
    Act(
        "an operator adds an address and an answer",
        reach,
        (
            has("reachable_by", "email"), has("contact_states", "email:unverified"), has("agreed_to", "email:news"),
            happened("grants", channel=["email"], topic=["news"]),
        ),
    ),
    Act("the address bounces", bounce, (has("contact_states", "email:bouncing"), has("reachable_by", "email"))),
    Act(
        "the customer's own wishes",
        wish,
        (
            has("refused", "email:news"), happened("refusals", channel=["email"], topic=["news"]),
            has("agreed_to", "email:news"), field("most_per_week", "equals", 2), field("no_profiling", "equals", True),
        ),
    ),
    Act("the address goes", lose_contact, (has("contact_states", "email:bouncing"),)),
    Act("a tag by hand", tag, (has("tags", "Press"), happened("taggings", tag="Press", source=["hand"]))),
    Act("the tag is sorted", sort_tag, (happened("taggings", category="Outside"),)),
    Act("the tag is taken off", untag, (has("tags", "Press"), happened("taggings", tag="Press"))),
    Act(
        "visits on three days",
        come_by,
        (
            is_any("stage", "new"), field("stage_since", "in_last_days", 10), field("last_activity", "in_last_days", 1),
            field("first_activity", "in_last_days", 10), field("active_days", "at_least", 3),
            is_any("phase", "verifying"), happened("stage_moves", to=["new"]),
            {"event": "Product Viewed", "op": "did", "where": [filtered("category", "Jazz")]},
        ),
    ),
    Act(
        "two orders",
        buy,
        (
            field("orders", "at_least", 2), field("revenue", "at_least", 6000), field("first_order", "in_last_days", 1),
            field("last_order", "in_last_days", 1), field("aov", "is_known"), field("paying", "equals", True),
            field("categories_bought", "at_least", 2), happened("orders", category="Music > Jazz"),
            happened("owned", product="rec-1"),
        ),
    ),
    Act(
        "a partial refund",
        refund,
        (happened("refunds", category="Books"), happened("orders", refunded=True), field("revenue", "at_least", 6000)),
    ),
    Act("a cancellation", cancel, (happened("cancelled_orders"), field("orders", "at_least", 2))),
    Act(
        "a product is sorted anew and gets a warranty",
        sort_product,
        (happened("orders", category="Sheet music"), {"happened": "warranties", "op": "did", "in_next_days": 3000}),
    ),
    Act("a warranty card", register_card, (happened("owned", how=["card"]),)),
    Act("a category moves below another", move_category, (happened("owned", 3, category="Books"),)),
    Act(
        "the figures of the day",
        a_day_of_figures,
        (
            field("rfm_r", "at_least", 3), field("rfm_f", "at_least", 3), field("rfm_m", "at_least", 3),
            is_any("rfm_group", "champions"), field("is_core", "equals", True), field("top_revenue", "at_most", 20),
            field("top_orders", "at_most", 20), field("top_ltv", "at_most", 20), field("predicted_ltv", "at_least", 1),
            field("expected_orders", "more_than", 0), field("p_alive", "at_least", 1), field("churn_risk", "at_least", 1),
            is_any("order_band", "2-5"), field("aov_band", "is_known"), field("favourite_category", "equals", "Jazz"),
            field("fan", "is_known"), field("best_hour", "is_known"), field("revenue_year", "at_least", 1),
            field("orders_window", "at_least", 1), field("repeat_days", "at_least", 1),
            field("leader_score", "at_least", 1),
        ),
        prepare=many_buyers,
    ),
    Act("time passes over the stages", fall_asleep, (is_any("stage", "dormant"), happened("stage_moves", to=["dormant"]))),
)  # fmt: skip

ENDS = (
    Act("two customers turn out to be one", join, (happened("joins"), happened("owned", how=["card"]))),
    Act("a customer is erased", leave, (field("active_days", "at_least", 3),)),
)
