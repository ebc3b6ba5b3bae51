"""Identify calls: profiles in any order, contacts, consents, and what a write key may not say."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from config.kit.refusal import Refusal
from tests.clock import move_to
from tests.users.door import customer, identify, send, visitor
from users.models import Consent, ContactPoint, Customer, Touched
from users.services import consent, contacts

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOON)


def test_traits_become_columns_and_the_rest_attributes() -> None:
    applied = send(
        identify(
            at=NOON, user="alice", name="Alice Liddell", firstName="Alice", gender="F", birthday="1992-02-29",
            address={"city": "Shanghai", "region": "Shanghai", "country": "cn"}, timezone="Asia/Shanghai",
            interests=["jazz", "film"], channel="wechat", createdAt="2026-01-02T03:04:05+00:00",
            invented=True, shoeSize=38, favourites=["a", "b"], language=7.5, platform=["x"],
            company={"name": "Acme", "plan": {"seats": 5}},
        )
    )  # fmt: skip
    alice = customer("alice")
    assert (alice.name, alice.first_name, alice.gender, alice.birthday) == (
        "Alice Liddell", "Alice", "female", date(1992, 2, 29),
    )  # fmt: skip
    assert (alice.city, alice.country, alice.time_zone, alice.interests) == (
        "Shanghai", "CN", "Asia/Shanghai", ["jazz", "film"],
    )  # fmt: skip
    assert alice.channel is not None
    assert alice.channel.slug == "wechat"
    assert (alice.registered_at, alice.is_invented) == (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), True)
    assert alice.attributes == {
        "shoeSize": 38, "favourites": ["a", "b"], "company": {"name": "Acme", "plan": {"seats": 5}},
    }  # fmt: skip
    assert applied.ignored == 1  # the platform that is a list


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_latest_telling_holds_in_any_order_of_arrival(order: tuple[int, ...]) -> None:
    calls = (
        identify(at=NOON - 3 * HOUR, user="alice", name="A", colour="red", channel="weibo", shoe=1),
        identify(at=NOON - 2 * HOUR, user="alice", name="B", channel="wechat"),
        identify(at=NOON - HOUR, user="alice", colour="blue", shoe=None),
    )
    for index in order:
        send(calls[index])
    alice = customer("alice")
    assert (alice.name, alice.attributes) == ("B", {"colour": "blue"})
    assert alice.channel is not None
    assert alice.channel.slug == "weibo"


@pytest.mark.parametrize(
    "traits",
    [
        {"gender": "robot"},
        {"birthday": "soon"},
        {"birthday": (NOON + timedelta(days=2)).date().isoformat()},
        {"birthday": "1899-12-31"},
        {"timezone": "Mars/Olympus"},
        {"address": {"country": "China"}},
        {"interests": "jazz"},
        {"createdAt": "2026-01-01"},
        {"invented": "yes"},
        {"x" * 101: 1},
        {"long": "x" * 1_001},
        {"deep": {"a": {"b": {"c": {"d": {"e": 1}}}}}},
        {"pairs": [{"a": 1}]},
        {"named": {"x" * 101: 1}},
    ],
)
def test_a_trait_that_makes_no_sense_is_ignored_and_counted(traits: dict[str, Any]) -> None:
    applied = send(identify(at=NOON, user="alice", name="Alice", **traits))
    alice = customer("alice")
    assert (applied.ignored, alice.name, alice.attributes) == (1, "Alice", {})


def test_contacts_from_a_server_key_are_confirmed() -> None:
    send(identify(at=NOON, anonymous="a", email=" Alice@Example.COM ", phone="138 0013 8000"))
    points = ContactPoint.objects.order_by("channel").values_list("channel", "address", "confirmed", "state")
    assert list(points) == [
        ("email", "alice@example.com", True, "unverified"),
        ("sms", "+8613800138000", True, "unverified"),
    ]
    assert visitor("a").identified


def test_a_write_key_neither_confirms_nor_changes_contacts_and_consents() -> None:
    send(
        identify(at=NOON, user="alice", email="alice@example.com",
                 consents=[{"channel": "email", "topic": "news", "granted": False}])
    )  # fmt: skip
    contacts.set_state(customer("alice").pk, "email", "alice@example.com", "verified", NOON)
    send(
        identify(at=NOON + timedelta(minutes=1), user="alice", email="alice@example.com",
                 phone="+8613800138000", consents=[{"channel": "email", "topic": "news", "granted": True}]),
        confirmed=False,
    )  # fmt: skip
    assert list(ContactPoint.objects.order_by("channel").values_list("channel", "state", "confirmed")) == [
        ("email", "verified", True),
        ("sms", "unverified", False),
    ]
    assert Consent.objects.get().granted is False


def test_the_latest_answer_is_the_current_one_and_all_are_kept() -> None:
    yes = [{"channel": "email", "topic": "news", "granted": True, "wording": "v1"}]
    no = [{"channel": "email", "topic": "news", "granted": False}]
    send(identify(at=NOON - HOUR, user="alice", consents=no))
    send(identify(at=NOON - 2 * HOUR, user="alice", consents=yes))
    assert list(Consent.objects.order_by("given_at").values_list("granted", "is_current", "wording")) == [
        (True, False, "v1"),
        (False, True, ""),
    ]
    send(identify(at=NOON, user="alice", consents=yes))
    assert list(Consent.objects.filter(is_current=True).values_list("granted", "given_at")) == [(True, NOON)]


def test_an_answer_counts_once_per_key_and_touches() -> None:
    send(identify(at=NOON, user="alice"))
    Touched.objects.all().delete()
    for granted in (True, False):
        consent.answer(
            customer_id=customer("alice").pk, channel="email", topic="news", granted=granted, key="form:1",
            given_at=NOON, source="form", now=NOON,
        )  # fmt: skip
    assert Consent.objects.get().granted is True
    assert list(Touched.objects.values_list("topic", flat=True)) == ["consent"]


@pytest.mark.parametrize(("channel", "topic"), [("pigeon", "news"), ("email", "nonsense")])
def test_an_unknown_channel_or_topic_is_refused(channel: str, topic: str) -> None:
    send(identify(at=NOON, user="alice"))
    with pytest.raises(Refusal) as refused:
        consent.answer(
            customer_id=customer("alice").pk, channel=channel, topic=topic, granted=True, key="k",
            given_at=NOON, source="form", now=NOON,
        )  # fmt: skip
    assert refused.value.code == "unknown_consent"
    assert Customer.objects.count() == 1
