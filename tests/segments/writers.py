"""What changes the fields of rules: real acts, each with questions whose answer it turns for somebody.

``tests/segments/test_touches.py`` performs them one after the other and looks at every write. An act that changes a
registered name belongs here; a name that no act turns fails the gate.
"""

import uuid

from config.kit import clock
from segments.models import Segment
from segments.services import tag_keeping
from segments.services.rebuild import rebuild
from segments.services.segments import create_segment, delete_segment
from tests.operators import operator
from tests.segments.acts import DAY, NOW, Act, field, happened, has, is_any
from tests.users.door import customer, identify, item, send
from users.models import AcquisitionChannel, Customer, OwnerKind, SourceCode, Tag
from users.services import (
    channels,
    consent_acts,
    contact_acts,
    preferences,
    profile_acts,
    sources,
    tag_acts,
    tags,
)
from users.services.consent_acts import HandAnswer
from users.services.contacts import set_state
from users.services.preferences import Wish
from users.services.sources import SourceDraft

# --- Who they are -------------------------------------------------------------------------------------------


def tell_profile() -> None:
    send(
        identify(
            at=clock.now(),
            user="ada",
            name="Ada Wu",
            firstName="Ada",
            lastName="Wu",
            gender="female",
            birthday="1990-05-20",
            occupation="Cook",
            industry="Food",
            incomeBand="high",
            education="MA",
            interests=["Tea"],
            locale="zh-CN",
            timezone="Asia/Shanghai",
            platform="ios",
            noProfiling=True,
            createdAt=(NOW - DAY).isoformat(),
            address={"country": "CN", "region": "Jiangsu", "city": "Suzhou"},
            shoe=42,
        )
    )


def change_profile() -> None:
    profile_acts.edit(customer("ada"), {"city": "Wuxi"}, by=operator(), now=clock.now())


def use_another_device() -> None:
    send(identify(at=clock.now(), user="ada", anonymous="ada-phone"))


def keep_a_tag() -> None:
    kept = Segment.objects.get(name="Keeper")
    tag_keeping.keep(kept, "Kept", by=operator(), now=clock.now())


def make_keeper() -> None:
    rule = {"version": 1, "root": {"all": [field("city", "equals", "Wuxi")]}}
    rebuild(create_segment(name="Keeper", rule=rule, by=None))


def let_the_tag_go() -> None:
    delete_segment(Segment.objects.get(name="Keeper"), by=operator())


def come_by_source() -> None:
    url = "https://shop.example/?src=spring-qr&utm_source=paper&utm_medium=flyer&utm_campaign=may&utm_term=t&utm_content=c"
    context = {
        "page": {"url": url, "referrer": "https://www.baidu.com/s?wd=x", "search": url.partition("?")[2]}
    }
    send(item("page", at=clock.now(), name="Page Viewed", user="bea", context=context))
    send(identify(at=clock.now(), user="bea", sourceCode="spring-qr"))


def make_source() -> None:
    channel = AcquisitionChannel.objects.exclude(parent=None).order_by("pk").first()
    assert channel is not None
    draft = SourceDraft(
        name="Spring",
        channel=channel,
        owner_kind=OwnerKind.STORE,
        owner="West",
        target="http://localhost:8000/",
        platform="wechat",
    )
    sources.create_source("spring-qr", draft, by=operator())


def change_source() -> None:
    source = SourceCode.objects.get(code="spring-qr")
    draft = SourceDraft(
        name="Spring",
        channel=source.channel,
        owner_kind=OwnerKind.EMPLOYEE,
        owner="Ming",
        target=source.target,
        platform="paper",
    )
    sources.change_source(source.pk, draft, by=operator())


def move_channel() -> None:
    channel = SourceCode.objects.get(code="spring-qr").channel
    above = channel.parent_id or 0
    other = AcquisitionChannel.objects.filter(parent=None).exclude(pk=above).order_by("pk").first()
    channels.change_channel(
        channel.pk, name=channel.name, name_zh=channel.name_zh, parent=other, by=operator()
    )


def reach() -> None:
    who = Customer.objects.get(user_id="ada")
    by = operator()
    contact_acts.add_by_hand(who, "email", "ada@example.com", by=by, now=clock.now())
    told = HandAnswer("email", "news", True, "phone", "May we write?", "She said so", clock.now())
    consent_acts.record_by_hand(who, told, key=uuid.uuid4(), by=by, now=clock.now())


def bounce() -> None:
    set_state(customer("ada").pk, "email", "ada@example.com", "bouncing", clock.now())


def wish() -> None:
    said = Wish(
        key="w", source="page", answers={("news", "email"): False}, most_per_week=2, no_profiling=False
    )
    preferences.change(customer("ada").pk, said, now=clock.now())


def lose_contact() -> None:
    contact_acts.remove_by_hand(customer("ada"), "email", "ada@example.com", by=operator())


def tag() -> None:
    tags.put_on(customer("ada"), "Press", by=operator(), now=clock.now())


def sort_tag() -> None:
    tag_acts.change(Tag.objects.get(name="Press"), name="Press", category="Outside", by=operator())


def untag() -> None:
    tags.take_off(customer("ada"), Tag.objects.get(name="Press").pk, by=operator())


USERS = (
    Act(
        "an identify call",
        tell_profile,
        (
            field("name", "equals", "Ada Wu"),
            field("first_name", "equals", "Ada"),
            field("last_name", "equals", "Wu"),
            is_any("gender", "female"),
            field("birthday", "in_month", 5),
            field("country", "equals", "CN"),
            field("region", "equals", "Jiangsu"),
            field("city", "equals", "Suzhou"),
            field("occupation", "equals", "Cook"),
            field("industry", "equals", "Food"),
            field("income_band", "equals", "high"),
            field("education", "equals", "MA"),
            field("language", "starts_with", "zh"),
            field("time_zone", "equals", "Asia/Shanghai"),
            field("platform", "equals", "ios"),
            field("no_profiling", "equals", True),
            field("identified", "equals", True),
            field("registered_at", "in_last_days", 10),
            has("interests", "Tea"),
            has("identities", "user_id"),
            {"attribute": "shoe", "op": "equals", "value": 42},
        ),
    ),
    Act("another device", use_another_device, (has("identities", "anonymous_id"),)),
    Act("an operator edits the profile", change_profile, (field("city", "equals", "Wuxi"),)),
    Act(
        "a segment keeps a tag",
        keep_a_tag,
        (has("tags", "Kept"), happened("taggings", tag="Kept", source=["rule"])),
        prepare=make_keeper,
    ),
    Act("the segment is deleted", let_the_tag_go, (happened("taggings", tag="Kept", source=["hand"]),)),
    Act(
        "a visit through a source code",
        come_by_source,
        (
            field("channel", "is_known"),
            field("channel_group", "is_known"),
            field("source_code", "equals", "spring-qr"),
            field("source_owner", "equals", "West"),
            is_any("source_owner_kind", "store"),
            field("source_platform", "equals", "wechat"),
            field("utm_source", "equals", "paper"),
            field("utm_medium", "equals", "flyer"),
            field("utm_campaign", "equals", "may"),
            field("utm_term", "equals", "t"),
            field("utm_content", "equals", "c"),
            field("referrer", "contains", "baidu.com"),
        ),
        prepare=make_source,
    ),
    Act(
        "the source code gets another owner",
        change_source,
        (
            field("source_owner", "equals", "Ming"),
            is_any("source_owner_kind", "employee"),
            field("source_platform", "equals", "paper"),
        ),
    ),
    Act("the channel gets another parent", move_channel, (is_any("channel_group", "app-store"),)),
    Act(
        "an operator adds an address and an answer",
        reach,
        (
            has("reachable_by", "email"),
            has("contact_states", "email:unverified"),
            has("agreed_to", "email:news"),
            happened("grants", channel=["email"], topic=["news"]),
        ),
    ),
    Act(
        "the address bounces", bounce, (has("contact_states", "email:bouncing"), has("reachable_by", "email"))
    ),
    Act(
        "the customer's own wishes",
        wish,
        (
            has("refused", "email:news"),
            happened("refusals", channel=["email"], topic=["news"]),
            has("agreed_to", "email:news"),
            field("most_per_week", "equals", 2),
            field("no_profiling", "equals", True),
        ),
    ),
    Act("the address goes", lose_contact, (has("contact_states", "email:bouncing"),)),
    Act("a tag by hand", tag, (has("tags", "Press"), happened("taggings", tag="Press", source=["hand"]))),
    Act("the tag is sorted", sort_tag, (happened("taggings", category="Outside"),)),
    Act("the tag is taken off", untag, (has("tags", "Press"), happened("taggings", tag="Press"))),
)
