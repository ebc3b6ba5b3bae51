"""By what customers are recognised: openid, unionid, Weibo, device tokens; who keeps a key that many use."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.clock import move_to
from tests.users.door import customer, identify, item, send, visit, visitor
from users.models import ContactPoint, Customer, CustomerAlias, DeadLetter, Identity
from users.reports import finding

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOON)


def on_device(token: str, **people: Any) -> dict[str, Any]:
    return item("identify", at=NOON, context={"device": {"token": token}}, **people)


@pytest.mark.parametrize(
    ("trait", "kind", "channel"),
    [
        ("wechatOpenid", "openid", "wechat"),
        ("wechatUnionid", "unionid", None),
        ("weiboUid", "weibo", "weibo"),
    ],
)
def test_an_account_that_the_back_end_tells_recognises_and_reaches(
    trait: str, kind: str, channel: str | None
) -> None:
    send(identify(at=NOON, anonymous="browser", **{trait: "x-1"}))
    send(identify(at=NOON, user="alice", **{trait: "x-1"}))
    assert visitor("browser") == customer("alice")
    assert Identity.objects.get(kind=kind).customer_id == customer("alice").pk
    reached = set(ContactPoint.objects.values_list("channel", "address", "confirmed"))
    assert reached == ({(channel, "x-1", True)} if channel else set())
    assert customer("alice").attributes == {}


def test_what_a_write_key_says_recognises_nobody() -> None:
    send(identify(at=NOON, anonymous="browser", wechatOpenid="x-1"), confirmed=False)
    send(identify(at=NOON, user="alice", wechatOpenid="x-1"))
    assert visitor("browser") != customer("alice")
    assert not ContactPoint.objects.get(customer=visitor("browser")).confirmed


def test_a_shared_device_never_joins_two_users() -> None:
    send(on_device("t-1", user="alice"))
    send(on_device("t-1", user="bob"))
    send(on_device("t-1", anonymous="tablet"))
    assert customer("alice") != customer("bob")
    assert visitor("tablet") == customer("alice")  # the first to arrive keeps the device
    assert not CustomerAlias.objects.filter(old_id__in=[customer("alice").pk, customer("bob").pk]).exists()


def test_an_anonymous_id_of_several_users_stays_with_the_first_to_arrive() -> None:
    send(visit(at=NOON, anonymous="shared"))
    send(visit(at=NOON, user="bob", anonymous="shared"))
    send(visit(at=NOON - DAY, user="alice", anonymous="shared"))  # earlier, but it arrives later
    send(visit(at=NOON, anonymous="shared"))
    assert visitor("shared") == customer("bob")
    assert Customer.objects.count() == 2


@pytest.mark.parametrize("text", ["o-1", "t-1", "w-1"])
def test_the_search_finds_by_account_and_device(text: str) -> None:
    send(identify(at=NOON, user="alice", name="Alice", wechatOpenid="o-1", weiboUid="w-1"))
    send(on_device("t-1", user="alice"))
    assert finding.find(text, 5) == [customer("alice")]


def test_a_phone_tells_country_and_zone_where_nobody_does() -> None:
    send(identify(at=NOON, user="alice", phone="+81 3-1234-5678"))
    assert (customer("alice").country, customer("alice").time_zone) == ("JP", "Asia/Tokyo")
    send(identify(at=NOON - DAY, user="alice", address={"country": "DE"}, timezone="Europe/Berlin"))
    assert (customer("alice").country, customer("alice").time_zone) == ("DE", "Europe/Berlin")
    send(identify(at=NOON + timedelta(minutes=1), user="alice", phone="+81 3-1234-5678"))
    assert (customer("alice").country, customer("alice").time_zone) == ("DE", "Europe/Berlin")


def test_a_phone_without_a_region_is_read_in_the_shops() -> None:
    send(identify(at=NOON, user="alice", phone="138 0013 8000"))
    assert ContactPoint.objects.get().address == "+8613800138000"
    assert customer("alice").country == "CN"


@pytest.mark.parametrize(
    "told", [{"topic": "gossip", "channel": "email"}, {"topic": "news", "channel": "pigeon"}]
)
def test_an_answer_about_what_does_not_exist_is_refused_by_name(told: dict[str, str]) -> None:
    good = {"topic": "news", "channel": "email", "granted": False}
    send(identify(at=NOON, user="alice", consents=[good, {**told, "granted": False}]))
    letter = DeadLetter.objects.get()
    assert (letter.code, letter.field) == ("unknown_consent", "traits.consents")
    assert told["topic"] in letter.detail
