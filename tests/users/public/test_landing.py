"""The links of source codes: where they lead, what they note, and everything they must not do."""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
import redis
from django.conf import settings as django_settings
from django.test import Client
from pytest_django.fixtures import Settings
from qrcode.main import QRCode

from config.kit.refusal import Refusal
from tests.operators import operator
from tests.users.door import customer, identify, item, send
from users import qr
from users.models import AcquisitionChannel, AuditEntry, SourceCode, SourceTouch, Storefront
from users.public import landing
from users.public.visitors import COOKIE
from users.services import sources
from users.services.rate_limit import RateLimit
from users.services.sources import SourceDraft

pytestmark = pytest.mark.django_db

BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0"
SHOP = "https://shop.example"
THEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _shop(redis_client: redis.Redis) -> Iterator[None]:
    Storefront.objects.create(
        name="shop", title="Shop", jwt_secret="x", allowed_origins=[SHOP], created_at=THEN
    )
    landing.limit = RateLimit(landing.MOST)
    yield


def draft(target: str = f"{SHOP}/new?colour=red#top", **fields: Any) -> SourceDraft:
    channel = AcquisitionChannel.objects.get(slug=fields.pop("channel", "store"))
    return SourceDraft(
        **{
            "name": "Poster",
            "channel": channel,
            "owner_kind": "store",
            "owner": "West",
            "target": target,
            **fields,
        }
    )


def poster(**fields: Any) -> SourceCode:
    return sources.create_source("west-7", draft(**fields), by=operator())


def browser(**headers: str) -> Client:
    return Client(headers={"User-Agent": BROWSER, **headers})


def test_a_landing_notes_the_touch_and_leads_to_the_target_with_code_and_utm() -> None:
    code = poster(utm_source="poster", utm_campaign="五月")
    client = browser(Referer="https://www.Weibo.com/x?secret=1")
    answer = client.get("/s/West-7?utm_content=door&utm_source=evil&next=https://evil.example")
    assert answer.status_code == 302
    parts = urlsplit(answer["Location"])
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == (
        "https",
        "shop.example",
        "/new",
        "top",
    )
    assert parse_qs(parts.query) == {
        "colour": ["red"], "src": ["west-7"], "utm_source": ["poster"], "utm_campaign": ["五月"],
        "utm_content": ["door"],
    }  # fmt: skip
    touch = SourceTouch.objects.get()
    assert (touch.source, touch.by_bot, touch.referrer_host) == (code, False, "weibo.com")
    assert touch.utm == {"source": "poster", "campaign": "五月", "content": "door"}
    cookie = answer.cookies[COOKIE]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == (str(touch.visitor), True, "Lax")
    client.get("/s/west-7")
    assert SourceTouch.objects.filter(visitor=touch.visitor).count() == 2


def test_the_touch_reaches_the_customer_by_the_address_the_storefront_reports() -> None:
    poster()
    url = browser().get("/s/west-7")["Location"]
    at = datetime(2026, 5, 1, tzinfo=UTC)
    context = {"page": {"url": url, "referrer": ""}}
    send(item("page", at=at, name="Page Viewed", anonymous="browser", context=context))
    send(identify(at=at, user="alice", anonymous="browser", channel="weibo"))
    alice = customer("alice")
    assert (alice.source_code, alice.channel) == ("west-7", AcquisitionChannel.objects.get(slug="store"))


@pytest.mark.parametrize(
    "agent", ["", "Googlebot/2.1", "curl/8.5", "python-requests/2", "facebookexternalhit/1.1"]
)
def test_programs_are_led_on_counted_apart_and_get_no_cookie(agent: str) -> None:
    poster()
    answer = Client(headers={"User-Agent": agent}).get("/s/west-7")
    assert (answer.status_code, SourceTouch.objects.get().by_bot, COOKIE in answer.cookies) == (
        302,
        True,
        False,
    )


def test_a_head_is_a_program() -> None:
    poster()
    assert browser().head("/s/west-7").status_code == 302
    assert SourceTouch.objects.get().by_bot


@pytest.mark.parametrize(
    "path",
    [
        "/s/nobody", "/s/west%2D7%00", "/s/%0d%0aLocation:%20https://evil.example", "/s/" + "a" * 5000,
        "/s/%3Cscript%3Ealert(1)%3C/script%3E", "/s/https:%5C%5Cevil.example", "/s/..%5Cx", "/s/%ff%fe", "/s/ ",
    ],
)  # fmt: skip
def test_what_is_no_open_code_gets_a_plain_page_with_the_way_to_the_shop(path: str) -> None:
    poster()
    answer = browser().get(path)
    assert answer.status_code == 404
    assert "Location" not in answer
    body = answer.content.decode()
    assert "<script>alert" not in body and "evil" not in body
    assert f'href="{SHOP}"' in body
    assert not SourceTouch.objects.exists()


def test_a_closed_code_leads_nowhere_until_it_is_opened_again() -> None:
    code = poster()
    sources.set_closed(code.pk, closed=True, by=operator())
    assert browser().get("/s/west-7").status_code == 404
    sources.set_closed(code.pk, closed=False, by=operator())
    assert browser().get("/s/west-7").status_code == 302
    acts = AuditEntry.objects.filter(act__startswith="source.").order_by("pk").values_list("act", flat=True)
    assert list(acts) == ["source.create", "source.close", "source.reopen"]


def test_a_target_whose_host_the_shop_gave_up_leads_nowhere() -> None:
    poster()
    Storefront.objects.update(allowed_origins=[])
    assert browser().get("/s/west-7").status_code == 404


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//shop.example/", "javascript:alert(1)", "data:text/html,x", "ftp://shop.example/",
        "https://shop.example@evil.example/", "https://evil.example\\@shop.example/", "https://shop.example:8443/",
        "https://shop.example.evil.example/", "https://shop.example/\r\nSet-Cookie: a=b", "https://shop.example/\0",
        "https://shop.example/ x", "https://user:pw@shop.example/", "http://[", "https://shop.example:0/", "",
        f"https://shop.example/{'x' * 500}", "HTTPS:\\\\shop.example/", "https://shop.example:99999/",
    ],
)  # fmt: skip
def test_only_pages_of_the_shop_can_be_targets(target: str) -> None:
    with pytest.raises(Refusal) as refused:
        poster(target=target)
    assert refused.value.field == "target"
    assert not SourceCode.objects.exists()


def test_our_own_address_is_a_page_of_the_shop() -> None:
    poster(target=f"{django_settings.PUBLIC_URL}/welcome")


@pytest.mark.parametrize("code", ["", "-a", "a b", "ä", "a/b", "a" * 61, "a\0"])
def test_codes_are_plain(code: str) -> None:
    with pytest.raises(Refusal) as refused:
        sources.create_source(code, draft(), by=operator())
    assert refused.value.field == "code"


def test_a_code_is_taken_once_and_keeps_its_channel_when_it_brought_somebody() -> None:
    code = poster()
    with pytest.raises(Refusal, match="already"):
        sources.create_source("WEST-7", draft(), by=operator())
    sources.change_source(code.pk, draft(channel="fair", owner="East"), by=operator())
    send(identify(at=THEN, user="alice", sourceCode="west-7"))
    with pytest.raises(Refusal) as refused:
        sources.change_source(code.pk, draft(channel="store"), by=operator())
    assert refused.value.field == "channel"
    code.refresh_from_db()
    assert (code.channel.slug, code.owner) == ("fair", "East")


def test_too_many_visits_from_one_address_wait() -> None:
    poster()
    landing.limit = RateLimit(3)
    answers = [browser().get("/s/west-7") for _ in range(13)]
    assert [answer.status_code for answer in answers[:3]] == [302] * 3
    waiting = next(answer for answer in answers if answer.status_code == 429)
    assert 1 <= int(waiting["Retry-After"]) <= 10
    assert SourceTouch.objects.count() == sum(answer.status_code == 302 for answer in answers)


def test_behind_the_proxy_visitors_are_told_apart(settings: Settings) -> None:
    settings.BEHIND_PROXY = True
    landing.limit = RateLimit(3)
    poster()
    for number in range(6):
        answer = browser(**{"X-Forwarded-For": f"evil, 198.51.100.{number}"}).get("/s/west-7")
        assert answer.status_code == 302


LINKS = ["https://regulars.example.com/s/west-7", "http://localhost:8000/s/" + "a" * 60, "x"]


def modules(link: str) -> list[list[bool]]:
    """What the library makes of the link, drawn by nobody of ours."""
    code = QRCode(error_correction=0, border=4)  # 0: the library's number for level M
    code.add_data(link)
    code.make(fit=True)
    return [list(row) for row in code.get_matrix()]


@pytest.mark.parametrize("link", LINKS)
def test_the_svg_shows_the_modules_of_the_link(link: str) -> None:
    root = ElementTree.fromstring(qr.svg(link))
    size = int(root.attrib["viewBox"].split()[2])
    drawn = [[False] * size for _ in range(size)]
    path = root.findall("{http://www.w3.org/2000/svg}path")[1].attrib["d"]
    for part in path.split("z")[:-1]:
        start, _mark, rest = part.removeprefix("M").partition("h")
        x, y = map(int, start.split())
        for step in range(int(rest.partition("v")[0])):
            drawn[y][x + step] = True
    assert drawn == modules(link)


@pytest.mark.parametrize("link", LINKS)
def test_the_png_shows_the_modules_of_the_link(link: str) -> None:
    wanted, scale = modules(link), 3
    width = len(wanted) * scale
    data = qr.png(link, scale)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20], "big") == int.from_bytes(data[20:24], "big") == width
    length = int.from_bytes(data[33:37], "big")
    assert data[37:41] == b"IDAT"
    lines = zlib.decompress(data[41 : 41 + length])
    stride = 1 + -(-width // 8)
    for y in range(width):
        line = lines[y * stride : (y + 1) * stride]
        bits = "".join(f"{byte:08b}" for byte in line[1:])[:width]
        assert line[0] == 0
        assert [bit == "0" for bit in bits] == [wanted[y // scale][x // scale] for x in range(width)]


def test_a_link_that_leads_nowhere_is_kind_in_both_languages(client: Client) -> None:
    for language, sentence, other in (
        ("en", "You did nothing wrong", "?lang=zh-hans"),
        ("zh-hans", "这不是您的问题", "?lang=en"),
    ):
        answer = client.get("/s/nonsense", headers={"Accept-Language": language})
        assert answer.status_code == 404
        page = answer.content.decode()
        assert sentence in page
        assert f'href="{other}"' in page
    turned = client.get("/s/nonsense?lang=zh-hans", headers={"Accept-Language": "en"}).content.decode()
    assert '<html lang="zh-hans">' in turned
    assert "这不是您的问题" in turned
