"""The screens of channels, clues, costs and source codes: what they do, what they refuse, what stays in the form."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from config.kit.refusal import Refusal
from tests.clock import move_to
from tests.operators import logged_in, operator
from tests.users.door import customer, identify, send, track
from users.models import (
    AcquisitionChannel,
    AuditEntry,
    ChannelClue,
    ChannelCost,
    SourceCode,
    Storefront,
    Touched,
)
from users.services import channels

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
XSS = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOON)


@pytest.fixture
def desk() -> Client:
    """An operator's browser."""
    return logged_in("operator", language="en")


def channel(slug: str) -> AcquisitionChannel:
    return AcquisitionChannel.objects.get(slug=slug)


def test_the_seeded_list_names_what_the_product_names() -> None:
    wanted = {
        *("search", "app-store", "wechat", "weibo", "forum", "tieba", "own-site", "navigation", "ad-network"),
        *("social-ads", "advertorial", "swap", "viral", "offline", "invite"),
    }
    found = set(AcquisitionChannel.objects.values_list("slug", flat=True))
    assert wanted <= found
    assert not AcquisitionChannel.objects.filter(name_zh="").exists()


def test_a_channel_is_made_renamed_moved_closed_and_removed_with_a_trail(desk: Client) -> None:
    made = {"name": "Podcasts", "name_zh": "播客", "slug": "", "parent": "content"}
    desk.post(reverse("users:acquisition_channel_create"), made)
    podcasts = channel("podcasts")
    assert podcasts.parent == channel("content")
    send(identify(at=NOON, user="alice", channel="podcasts"))
    Touched.objects.all().delete()
    address = reverse("users:acquisition_channel", args=[podcasts.pk])
    desk.post(address, {"name": "Podcasts", "name_zh": "播客节目", "parent": "viral"})
    podcasts.refresh_from_db()
    assert (podcasts.parent, podcasts.name_zh, podcasts.slug) == (channel("viral"), "播客节目", "podcasts")
    assert list(Touched.objects.values_list("customer__user_id", "topic", "is_history")) == [
        ("alice", "profile", True)
    ]
    desk.post(address, {"act": "remove"})
    assert channel("podcasts").closed_at is None  # in use: refused
    desk.post(address, {"act": "close"})
    assert channel("podcasts").closed_at is not None
    desk.post(address, {"act": "reopen"})
    unused = channels.create_channel(name="Radio", name_zh="", parent=None, by=operator())
    desk.post(reverse("users:acquisition_channel", args=[unused.pk]), {"act": "remove"})
    assert not AcquisitionChannel.objects.filter(slug="radio").exists()
    acts = AuditEntry.objects.filter(act__startswith="channel.").order_by("pk").values_list("act", flat=True)
    assert list(acts) == [
        "channel.create", "channel.change", "channel.close", "channel.reopen", "channel.create", "channel.delete",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "Weibo again", "slug": "weibo", "parent": None}, "slug"),
        ({"name": "微博", "slug": "", "parent": None}, "slug"),
        ({"name": "Third level", "slug": "", "parent": "baidu"}, "parent"),
    ],
)
def test_a_channel_that_cannot_be_is_refused(fields: dict[str, str | None], field: str) -> None:
    parent = channel(fields["parent"]) if fields["parent"] else None
    with pytest.raises(Refusal) as refused:
        channels.create_channel(
            name=str(fields["name"]), name_zh="", slug=str(fields["slug"]), parent=parent, by=operator()
        )
    assert refused.value.field == field


def test_a_channel_with_lower_ones_stays_on_the_upper_level() -> None:
    with pytest.raises(Refusal, match="two levels"):
        channels.change_channel(
            channel("search").pk, name="S", name_zh="", parent=channel("viral"), by=operator()
        )
    with pytest.raises(Refusal, match="above it first"):
        channels.close_channel(channel("search").pk, by=operator())
        channels.reopen_channel(channel("baidu").pk, by=operator())


def test_a_clue_is_added_finds_its_customers_and_is_taken_away(desk: Client) -> None:
    address = reverse("users:channel_clues")
    answer = desk.post(address, {"kind": "referrer", "value": "not a domain", "channel": "viral"})
    assert "Write a domain like example.com." in answer.content.decode()
    assert 'value="not a domain"' in answer.content.decode()
    desk.post(address, {"kind": "referrer", "value": "WWW.Blog.Example.com", "channel": "viral"})
    clue = ChannelClue.objects.get(value="blog.example.com")
    desk.post(address, {"remove": str(clue.pk)})
    assert not ChannelClue.objects.filter(pk=clue.pk).exists()
    acts = AuditEntry.objects.filter(act__startswith="clue.").order_by("pk").values_list("act", flat=True)
    assert list(acts) == ["clue.set", "clue.delete"]


def test_costs_are_entered_spread_corrected_and_taken_away(desk: Client) -> None:
    address = reverse("users:costs")
    form = {
        "channel": "baidu",
        "first": "2026-05-01",
        "last": "2026-05-03",
        "amount": "1,000.01",
        "spread": "all",
    }
    answer = desk.post(address, form)
    assert answer.status_code == 302
    assert sorted(ChannelCost.objects.values_list("amount", flat=True)) == [33333, 33334, 33334]
    desk.post(address, {**form, "last": "", "amount": "5", "spread": "day"})
    first = ChannelCost.objects.get(day="2026-05-01")
    assert first.amount == 500
    desk.post(f"{address}?month=2026-05", {"remove": str(first.pk)})
    assert ChannelCost.objects.count() == 2
    shown = desk.get(address, {"month": "2026-05"})
    assert shown.context["total"] == sum(ChannelCost.objects.values_list("amount", flat=True))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"amount": "-5"}, "Write an amount like 120.50."),
        ({"amount": "12 apples"}, "Write an amount like 120.50."),
        ({"amount": XSS}, "at most 20 characters"),
        ({"first": "soon"}, "Enter a valid date."),
        ({"last": "2026-04-30"}, "Give a day that is not before the first"),
        ({"last": "2027-06-30"}, "at most a year later"),
        ({"channel": "moon"}, "Select a valid choice."),
        ({"source_code": "nobody"}, "There is no such source code."),
        ({"first": "1999-01-01"}, "This day is too far away."),
    ],
)
def test_a_cost_that_cannot_be_meant_says_so_and_loses_nothing(
    desk: Client, wrong: dict[str, str], message: str
) -> None:
    good = {"channel": "baidu", "first": "2026-05-01", "last": "", "amount": "7.5", "spread": "day"}
    body = desk.post(reverse("users:costs"), {**good, **wrong}).content.decode()
    assert message in body
    assert XSS not in body
    if "amount" not in wrong:
        assert 'value="7.5"' in body
    assert not ChannelCost.objects.exists()


def test_a_source_code_is_made_shown_with_its_picture_changed_and_closed(desk: Client) -> None:
    Storefront.objects.create(
        name="shop", title="Shop", jwt_secret="x", allowed_origins=["https://shop.example"], created_at=NOON
    )
    form = {
        "code": "Poster-1", "name": XSS, "channel": "store", "owner_kind": "store", "owner": "West",
        "target": "https://evil.example/", "platform": "offline",
    }  # fmt: skip
    refused = desk.post(reverse("users:source_create"), form).content.decode()
    assert "Only web addresses of the shop" in refused
    assert 'value="Poster-1"' in refused
    desk.post(reverse("users:source_create"), {**form, "target": "https://shop.example/x"})
    source = SourceCode.objects.get(code="poster-1")
    address = reverse("users:source", args=[source.pk])
    body = desk.get(address).content.decode()
    assert XSS not in body
    assert "/s/poster-1" in body
    for kind, content_type in (("svg", "image/svg+xml"), ("png", "image/png")):
        picture = desk.get(reverse("users:source_qr", args=[source.pk, kind]), {"download": "1"})
        assert picture["Content-Type"] == content_type
        assert picture["Content-Disposition"] == f'attachment; filename="poster-1.{kind}"'
    desk.post(
        reverse("users:source_change", args=[source.pk]), {**form, "name": "Poster", "target": source.target}
    )
    desk.post(address, {"act": "close"})
    source.refresh_from_db()
    assert source.name == "Poster"
    assert source.closed_at is not None
    assert "Poster" in desk.get(reverse("users:sources"), {"state": "closed"}).content.decode()
    assert desk.get(reverse("users:source", args=[10**9])).status_code == 404


def test_the_customer_page_says_where_from(desk: Client) -> None:
    send(identify(at=NOON, user="alice", channel="baidu", sourceCode="ghost"), identify(at=NOON, user="bob"))
    body = desk.get(reverse("users:customer", args=[customer("alice").pk]), {"panel": "all"}).content.decode()
    assert "Search › Baidu" in body and "ghost" in body
    bare = desk.get(reverse("users:customer", args=[customer("bob").pk]), {"panel": "all"}).content.decode()
    assert "Nothing has told where this customer came from" in bare


def test_the_reports_ask_as_often_for_many_as_for_few(
    desk: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    send(
        *(
            call
            for number, slug in enumerate(("baidu", "google", "weibo", "store", "invite", "douyin") * 4)
            for call in (
                identify(
                    at=NOON - 9 * DAY, user=f"u{number}", createdAt="2026-05-01T00:00:00+00:00", channel=slug
                ),
                track(
                    "Order Completed",
                    at=NOON - DAY,
                    user=f"u{number}",
                    order_id=f"{number}",
                    total=9,
                    currency="USD",
                ),
            )
        )
    )
    desk.get(reverse("users:channels"))
    for name in ("channels", "sources", "costs", "acquisition_channels", "channel_clues"):
        with django_assert_max_num_queries(16):
            assert desk.get(reverse(f"users:{name}"), {"open": "all"}).status_code == 200
