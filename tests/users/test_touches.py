"""The first touch: from traits, UTM, source codes and referring sites, in whatever order they arrive."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.clock import move_to
from tests.users.door import Item, customer, identify, item, send, visitor
from users.models import (
    AcquisitionChannel,
    ChannelClue,
    ClueKind,
    Customer,
    FirstTouch,
    OwnerKind,
    SourceCode,
    Touched,
)
from users.services import joining
from users.services.acquisition import place_again
from users.touches import Clues, Said, Touch, host_of

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOON)


def source(code: str, channel: str, **fields: Any) -> SourceCode:
    """A source code of that channel."""
    return SourceCode.objects.create(
        code=code, name=code.title(), channel=AcquisitionChannel.objects.get(slug=channel), created_at=NOON,
        **{"owner_kind": OwnerKind.STORE, "owner": "West", "target": "http://localhost/", **fields},
    )  # fmt: skip


def page(at: datetime, url: str = "https://shop.example/", referrer: str = "", **people: Any) -> Item:
    """A page view as the SDK tells it."""
    context = {"page": {"url": url, "referrer": referrer, "search": url.partition("?")[2]}}
    return item("page", at=at, name="Page Viewed", context=context, **people)


def first(user: str) -> tuple[datetime, str | None, str]:
    """When, through which channel, with which code; the customer's columns say the same."""
    touch = FirstTouch.objects.select_related("channel", "source").get(customer__user_id=user)
    person = Customer.objects.get(user_id=user)
    assert (person.channel_id, person.source_code) == (touch.channel_id, touch.code)
    return touch.at, touch.channel.slug if touch.channel else None, touch.code


def test_a_source_code_in_the_address_tells_channel_and_owner() -> None:
    code = source("west-7", "store")
    send(page(NOON - HOUR, "https://shop.example/?src=West-7&utm_campaign=May", user="alice"))
    assert first("alice") == (NOON - HOUR, "store", "west-7")
    touch = FirstTouch.objects.get()
    assert (touch.source, touch.utm_campaign) == (code, "May")


@pytest.mark.parametrize(
    ("context", "channel"),
    [
        ({"campaign": {"source": "Baidu", "medium": "cpc", "name": "May"}}, "ad-network"),
        ({"campaign": {"source": "Weibo"}}, "weibo"),
        ({"campaign": {"source": "somebody", "name": "May"}}, None),
        ({"page": {"url": "https://shop.example/?utm_source=google&utm_medium=organic"}}, "google"),
        ({"page": {"url": "https://shop.example/", "search": "?utm_source=weibo"}}, "weibo"),
        ({"page": {"url": "https://shop.example/", "referrer": "https://www.baidu.com/s?wd=x"}}, "baidu"),
        ({"page": {"url": "https://shop.example/", "referrer": "https://m.weibo.cn/1"}}, "weibo"),
    ],
)
def test_utm_and_referrer_tell_the_channel(context: dict[str, Any], channel: str | None) -> None:
    send(item("track", at=NOON - HOUR, name="Product Viewed", user="alice", context=context))
    assert first("alice")[:2] == (NOON - HOUR, channel)


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"campaign": "May"},
        {"campaign": {"source": ["x"]}},
        {"page": {"url": "https://shop.example/?src=nobody&ref=1"}},
        {"page": {"url": "https://shop.example/", "referrer": "https://unheard.example/"}},
        {"page": {"url": "https://baidu.com/a", "referrer": "https://baidu.com/b"}},
        {"page": {"url": "http://[broken?utm_source=", "referrer": "http://[broken"}},
        {
            "page": {
                "url": "https://shop.example/?" + "&".join(f"a{n}=1" for n in range(200)) + "&utm_source=x"
            }
        },
    ],
)
def test_what_says_nothing_is_no_touch(context: dict[str, Any]) -> None:
    send(item("track", at=NOON, name="Product Viewed", user="alice", context=context))
    assert not FirstTouch.objects.exists()


def test_traits_are_touches_at_their_time_and_never_attributes() -> None:
    send(identify(at=NOON - HOUR, user="alice", channel="weibo", sourceCode="XY-1", shoe=38))
    send(identify(at=NOON, user="alice", channel="wechat", sourceCode="ZZ"))
    assert first("alice") == (NOON - HOUR, "weibo", "xy-1")
    assert customer("alice").attributes == {"shoe": 38}


def test_an_earlier_touch_that_arrives_late_takes_the_place() -> None:
    send(identify(at=NOON, user="alice", channel="weibo"))
    Touched.objects.all().delete()
    send(page(NOON - 48 * HOUR, "https://shop.example/?utm_source=google", user="alice"))
    assert first("alice")[:2] == (NOON - 48 * HOUR, "google")
    assert set(Touched.objects.filter(topic="profile").values_list("is_history", flat=True)) == {True}
    send(page(NOON - 47 * HOUR, "https://shop.example/?utm_source=weibo", user="alice"))
    assert first("alice")[:2] == (NOON - 48 * HOUR, "google")


def test_a_visitors_first_touch_goes_with_them_when_they_log_in() -> None:
    source("west-7", "store")
    send(identify(at=NOON - HOUR, user="alice", channel="weibo"))
    send(page(NOON - 2 * HOUR, "https://shop.example/?src=west-7", anonymous="browser"))
    assert visitor("browser").channel is not None
    send(identify(at=NOON, user="alice", anonymous="browser"))
    assert first("alice") == (NOON - 2 * HOUR, "store", "west-7")
    assert FirstTouch.objects.count() == 1


def test_a_join_keeps_the_earlier_touch_whoever_survives() -> None:
    send(identify(at=NOON - HOUR, user="alice", channel="weibo"))
    send(identify(at=NOON - 2 * HOUR, user="bob", channel="google"))
    alice, bob = customer("alice").pk, customer("bob").pk
    with transaction.atomic():
        joining.join(alice, bob, now=NOON, cause="hand")
    assert first("alice")[:2] == (NOON - 2 * HOUR, "google")
    assert not FirstTouch.objects.filter(customer=bob).exists()


def test_touches_that_meant_nothing_find_their_place_when_a_clue_or_code_is_added() -> None:
    send(
        page(NOON - HOUR, "https://shop.example/?utm_source=newcomer", user="alice"),
        identify(at=NOON - HOUR, user="bob", sourceCode="late-1"),
        identify(at=NOON - HOUR, user="carl", sourceCode="late-1", channel="weibo"),
        identify(at=NOON - HOUR, user="dora", channel="weibo"),
    )
    assert [first(name)[1] for name in ("alice", "bob", "carl", "dora")] == [None, None, "weibo", "weibo"]
    ChannelClue.objects.create(
        kind=ClueKind.UTM_SOURCE, value="newcomer", channel=AcquisitionChannel.objects.get(slug="swap")
    )
    Touched.objects.all().delete()
    assert place_again(unplaced=True) == 1
    code = source("late-1", "store")
    assert place_again(codes=["late-1"]) == 2
    assert [first(name)[1] for name in ("alice", "bob", "carl", "dora")] == [
        "swap",
        "store",
        "store",
        "weibo",
    ]
    assert set(FirstTouch.objects.filter(source=code).values_list("customer__user_id", flat=True)) == {
        "bob",
        "carl",
    }
    touched = set(Touched.objects.values_list("customer__user_id", "topic", "is_history"))
    assert touched == {("alice", "profile", True), ("bob", "profile", True), ("carl", "profile", True)}


def test_reading_one_by_one_and_set_wise_is_the_same() -> None:
    """place_touches.sql over every kind of touch against users/touches.py."""
    source("west-7", "store")
    contexts: list[dict[str, Any]] = [
        {"campaign": {"source": "baidu", "medium": "cpc"}},
        {"campaign": {"source": "WEIBO", "medium": "whatever"}},
        {"page": {"url": "https://shop.example/?src=west-7&utm_source=google"}},
        {"page": {"url": "https://shop.example/", "referrer": "https://deep.sub.weibo.cn/"}},
        {"page": {"url": "https://shop.example/", "referrer": "https://tieba.baidu.com/p/1"}},
    ]
    send(
        *(
            item("track", at=NOON, name="Product Viewed", user=f"u{number}", context=context)
            for number, context in enumerate(contexts)
        ),
        identify(at=NOON, user="u8", channel="weibo"),
        identify(at=NOON, user="u9", channel="nonsense"),
    )
    wanted = list(FirstTouch.objects.order_by("customer").values_list("channel", "source"))
    assert len(wanted) == 7
    FirstTouch.objects.update(channel=None, source=None)
    place_again(unplaced=True)
    assert list(FirstTouch.objects.order_by("customer").values_list("channel", "source")) == wanted


SAID: Sequence[tuple[int, dict[str, Any], dict[str, Any]]] = [
    (3, {"channel": "weibo"}, {}),
    (2, {"sourceCode": "west-7"}, {}),
    (2, {"channel": "weibo"}, {}),
    (1, {}, {"campaign": {"source": "google", "name": "May"}}),
    (1, {}, {"campaign": {"source": "google", "name": "June"}}),
    (2, {}, {"page": {"url": "https://shop.example/?src=west-7"}}),
    (4, {}, {"page": {"url": "https://shop.example/", "referrer": "https://zhihu.com/"}}),
]


@hypothesis_settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    order=st.permutations(range(len(SAID))),
    cuts=st.sets(st.integers(1, len(SAID) - 1)),
    who=st.integers(0, 127),
)
def test_the_first_touch_is_the_same_in_any_order_in_any_bodies_before_or_after_the_log_in(
    order: list[int], cuts: set[int], who: int
) -> None:
    """Shuffled, split, as visitor or as customer, repeated: always the earliest, ties by what says more."""
    with transaction.atomic():
        source("west-7", "store")
        items = []
        for place, index in enumerate(order):
            hour, traits, context = SAID[index]
            people = {"anonymous": "browser"} if who >> index & 1 else {"user": "alice"}
            kind = "identify" if traits else "track"
            name = None if traits else "Product Viewed"
            told = item(
                kind, at=NOON - (9 - hour) * HOUR, name=name, traits=traits, context=context,
                message_id=f"m{index}", **people,
            )  # fmt: skip
            items.append((place, told))
        bodies = [
            [told for place, told in items if b <= place < e]
            for b, e in zip([0, *sorted(cuts)], [*sorted(cuts), 99], strict=True)
        ]
        for body in bodies:
            send(*body)
        send(identify(at=NOON, user="alice", anonymous="browser"))
        send(*bodies[0])
        touch = FirstTouch.objects.get()
        assert (touch.at, touch.utm_campaign, first("alice")[1]) == (NOON - 8 * HOUR, "June", "google")
        transaction.set_rollback(True)


@given(
    st.lists(
        st.builds(
            Touch,
            at=st.datetimes(timezones=st.just(UTC)),
            code=st.sampled_from(["", "a", "b"]),
            told_channel=st.sampled_from(["", "x"]),
            utm_source=st.text(max_size=3),
        ),
        min_size=1,
        max_size=6,
    ),
    st.randoms(),
)
def test_the_first_of_touches_depends_on_no_order(touches: list[Touch], random: Any) -> None:
    shuffled = touches[:]
    random.shuffle(shuffled)
    least = min(touches, key=lambda touch: touch.order)
    assert min(shuffled, key=lambda touch: touch.order) == least
    assert least.at == min(touch.at for touch in touches)


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_the_reading(url: str, search: str, referrer: str) -> None:
    said = Said(
        NOON, url=f"http://{url}", search=search, referrer=f"https://{referrer}", code=url, channel=search
    )
    touch = said.touch(Clues())
    assert touch is None or all("\0" not in text and len(text) <= 255 for text in touch.texts)
    assert host_of("javascript:alert(1)") == host_of("//x.example/") == ""
