"""What customers decide themselves: over the storefront API, and on the page behind a link."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from config.kit import clock
from tests.callers import server, shopper
from tests.clock import move_to
from tests.users.door import customer, identify, item, send, visit, visitor
from users.models import (
    Consent,
    ConsentRequest,
    ContactPoint,
    Customer,
    Event,
    Topic,
    Touched,
    usable_contact,
)
from users.services import contacts, joining, opt_in, preferences
from users.tokens import Pass, Purpose, make

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NEWS = {"topic": "news", "channel": "email"}


@pytest.fixture(autouse=True)
def shop() -> None:
    move_to(NOON)
    send(
        identify(at=NOON - DAY, user="alice", name="Alice", email="a@x.org", phone="+8613800138000"),
        identify(at=NOON - DAY, user="bob", name="Bob", email="b@x.org"),
    )


def put(body: Any, who: str = "alice", once: str = "k1") -> Any:
    return shopper(customer(who)).put(
        "/api/v1/me/preferences", body, content_type="application/json", headers={"Idempotency-Key": once}
    )


def state(document: Any, topic: str = "news", channel: str = "email") -> str:
    (found,) = [
        c["state"]
        for t in document["topics"]
        for c in t["channels"]
        if (t["topic"], c["channel"]) == (topic, channel)
    ]
    return str(found)


def test_a_shopper_says_yes_and_no_and_how_often() -> None:
    held = shopper(customer("alice")).ask("me/preferences").json()
    assert (state(held), held["most_per_week"], held["no_profiling"]) == ("none", None, False)
    assert {topic["topic"] for topic in held["topics"]} == {
        "news",
        "care",
        "ads",
    }  # service is none to refuse
    said = {
        "answers": [{**NEWS, "granted": True}, {"topic": "news", "channel": "sms", "granted": False}],
        "most_per_week": 2,
        "no_profiling": True,
        "wording": "app-3",
    }
    held = put(said).json()
    assert (state(held), state(held, channel="sms"), held["most_per_week"], held["no_profiling"]) == (
        "granted", "refused", 2, True,
    )  # fmt: skip
    ledger = Consent.objects.get(channel="email")
    assert (ledger.source, ledger.wording, ledger.ip, ledger.granted) == (
        "storefront",
        "app-3",
        "127.0.0.1",
        True,
    )
    assert customer("alice").no_profiling and not customer("bob").no_profiling
    assert put(said).json() == held and Consent.objects.count() == 2  # the same key
    put({"answers": [{**NEWS, "granted": True}]}, once="k2")
    assert Consent.objects.count() == 2  # nothing new
    assert put({"most_per_week": 0}, once="k3").json()["most_per_week"] is None
    assert put({"no_profiling": False}, once="k4").json()["no_profiling"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"answers": [{"topic": "gossip", "channel": "email", "granted": True}]},
        {"answers": [{"topic": "service", "channel": "email", "granted": False}]},
        {"answers": [{**NEWS, "channel": "pigeon", "granted": True}]},
        {"answers": [{**NEWS, "granted": "perhaps"}]},
        {"answers": [{**NEWS, "granted": True, "source": "paper"}]},
        {"most_per_week": 8},
        {"customer_id": 1},
        {"no_profiling": True, "user_id": "bob"},
        [],
        "x",
    ],
)
def test_what_is_unknown_or_senseless_is_refused(body: Any) -> None:
    assert put(body).status_code == 400
    assert not Consent.objects.exists() and not customer("alice").no_profiling


def test_a_profile_is_the_shoppers_own_and_only_its_columns_change() -> None:
    def patch(body: Any, once: str) -> Any:
        return shopper(customer("alice")).patch(
            "/api/v1/me/profile", body, content_type="application/json", headers={"Idempotency-Key": once}
        )

    held = patch({"name": "Alice Li", "birthday": "1990-02-03", "interests": ["tea"], "country": "cn"}, "k1")
    assert held.status_code == 200
    assert (held.json()["name"], held.json()["birthday"], held.json()["country"]) == (
        "Alice Li",
        "1990-02-03",
        "CN",
    )
    assert customer("bob").name == "Bob"
    ahead = patch({"birthday": (clock.now() + timedelta(days=2)).date().isoformat()}, "k2")
    assert (ahead.status_code, "birthday" in ahead.content.decode()) == (400, True)
    for number, field in enumerate(
        (
            "user_id",
            "id",
            "identified",
            "no_profiling",
            "is_invented",
            "erased_at",
            "channel",
            "told_at",
            "attributes",
        )
    ):
        assert patch({field: "x"}, f"m{number}").status_code == 400, field
    assert patch({"gender": "robot"}, "k2").json()["error"]["field"] == "gender"
    assert patch({"time_zone": "Mars/Olympus"}, "k3").json()["error"]["field"] == "time_zone"
    assert customer("alice").user_id == "alice"
    assert set(shopper(customer("alice")).ask("me/profile").json()) == set(held.json())


KEYS = {"p256dh": "BNc", "auth": "tBH"}
SUBSCRIPTION = {"endpoint": "https://push.example/abc", "keys": KEYS, "expirationTime": None}


def device(method: str, body: Any = None, who: str = "alice", once: str = "d1", query: str = "") -> Any:
    return getattr(shopper(customer(who)), method)(
        f"/api/v1/me/devices{query}", body, content_type="application/json", headers={"Idempotency-Key": once}
    )


def test_push_addresses_are_stored_with_their_keys_and_removed_by_their_owner_only() -> None:
    assert device("post", {"channel": "web_push", "subscription": SUBSCRIPTION}).status_code == 201
    assert device("post", {"channel": "app_push", "token": "t-1"}, once="d2").status_code == 201
    point = ContactPoint.objects.get(channel="web_push")
    assert (point.customer, point.confirmed, point.details) == (
        customer("alice"), True, {"p256dh": "BNc", "auth": "tBH"},
    )  # fmt: skip
    assert [one["channel"] for one in device("get").json()] == ["app_push", "web_push"]
    assert device("get", who="bob").json() == []
    mine = "?channel=app_push&address=t-1"
    there, nowhere = (
        device("delete", who="bob", once=f"x{n}", query=query)
        for n, query in enumerate((mine, "?channel=app_push&address=none"))
    )
    assert (there.status_code, there.json()) == (nowhere.status_code, nowhere.json()) == (404, there.json())
    assert device("delete", once="d3", query=mine).status_code == 200
    assert not ContactPoint.objects.filter(channel="app_push").exists()


@pytest.mark.parametrize(
    "body",
    [
        {"channel": "web_push", "token": "t"},
        {"channel": "app_push"},
        {"channel": "app_push", "token": "a b"},
        {"channel": "email", "token": "a@x.org"},
        {"channel": "web_push", "subscription": {**SUBSCRIPTION, "endpoint": "http://push.example/abc"}},
        {"channel": "web_push", "subscription": {**SUBSCRIPTION, "endpoint": "https://u:p@push.example/"}},
        {"channel": "web_push", "subscription": {**SUBSCRIPTION, "keys": {"p256dh": "B"}}},
        {"channel": "web_push", "subscription": {**SUBSCRIPTION, "keys": {"p256dh": "B!", "auth": "A"}}},
        {"channel": "app_push", "token": "t", "state": "verified"},
    ],
)
def test_what_is_no_push_address_is_refused(body: Any) -> None:
    assert device("post", body).status_code == 400
    assert not ContactPoint.objects.filter(channel__in=("app_push", "web_push")).exists()


def test_only_shoppers_ask_for_what_is_theirs() -> None:
    for path in ("preferences", "profile", "devices"):
        assert Client().get(f"/api/v1/me/{path}").status_code == 401
        assert server().ask(f"me/{path}").status_code == 401


def usable(address: str) -> list[str | None]:
    found = ContactPoint.objects.filter(usable_contact(), address=address).order_by("customer__user_id")
    return list(found.values_list("customer__user_id", flat=True))


def test_a_device_is_in_the_hands_of_whoever_told_it_last() -> None:
    """Alice logs out and Bob logs in on the same phone: what is for Alice must not be shown to Bob."""
    tell = {"channel": "app_push", "token": "t-1"}
    device("post", tell)
    Touched.objects.all().delete()
    device("post", tell, who="bob")
    assert usable("t-1") == ["bob"]
    assert set(Touched.objects.filter(topic="contact").values_list("customer__user_id", flat=True)) == {
        "alice",
        "bob",
    }
    device("post", {"channel": "web_push", "subscription": SUBSCRIPTION}, who="bob", once="d2")
    device("post", {"channel": "web_push", "subscription": SUBSCRIPTION}, once="d2")
    device("post", tell, once="d3")
    assert (usable("t-1"), usable(str(SUBSCRIPTION["endpoint"]))) == (["alice"], ["alice"])


def test_only_a_trusted_telling_takes_a_device_away() -> None:
    def telling(user: str) -> Any:
        return item("identify", at=NOON, user=user, context={"device": {"token": "t-1"}})

    send(telling("alice"))
    send(telling("bob"), confirmed=False)
    assert usable("t-1") == ["alice"]
    send(telling("alice"), telling("bob"))
    assert usable("t-1") == ["bob"]
    send(telling("bob"), telling("alice"))
    assert usable("t-1") == ["alice"]


def test_a_device_blocked_for_somebody_stays_blocked_for_them() -> None:
    device("post", {"channel": "app_push", "token": "t-1"})
    contacts.set_state(customer("alice").pk, "app_push", "t-1", "blocked", NOON)
    device("post", {"channel": "app_push", "token": "t-1"}, who="bob")
    device("post", {"channel": "app_push", "token": "t-1"}, once="d2")
    assert usable("t-1") == []


def test_an_address_that_people_share_stays_with_both() -> None:
    send(*(identify(at=NOON, user=user, email="home@example.com") for user in ("alice", "bob")))
    assert usable("home@example.com") == ["alice", "bob"]


# -- the page ------------------------------------------------------------------------------------------------


def page(who: Customer, days: float = 1) -> str:
    return f"/p/{make(Purpose.PREFERENCES, Pass(who.pk), until=NOON + days * DAY)}"


def test_the_page_shows_what_concerns_the_customer_and_saves_it() -> None:
    phone = Client(enforce_csrf_checks=True)
    shown = phone.get(page(customer("alice")))
    html = shown.content.decode()
    assert shown.status_code == 200 and len(shown.content) < 6_000 and "<script" not in html
    assert 'value="news:email"' in html and 'value="news:sms"' in html and "web_push" not in html
    assert (
        "script-src 'self'" in shown["Content-Security-Policy"]
        and "unsafe" not in shown["Content-Security-Policy"]
    )
    assert (shown["Cache-Control"], shown["Referrer-Policy"]) == ("no-store", "no-referrer")
    saved = phone.post(
        page(customer("alice")), {"want": ["news:email"], "most_per_week": "3", "no_profiling": "on"}
    )
    assert "Saved" in saved.content.decode()
    said = Consent.objects.get()
    assert (said.granted, said.source, said.wording) == (True, "preference page", "preference-page-1")
    assert (customer("alice").most_per_week, customer("alice").no_profiling) == (3, True)
    phone.post(page(customer("alice")), {"most_per_week": "0"})
    assert not Consent.objects.get(is_current=True).granted
    assert (customer("alice").most_per_week, customer("alice").no_profiling) == (None, False)
    assert not Consent.objects.filter(customer=customer("bob")).exists()


def test_the_page_speaks_both_languages() -> None:
    html = Client(headers={"accept-language": "zh-CN"}).get(page(customer("alice"))).content.decode()
    assert "新品与优惠" in html and "?lang=en" in html
    html = (
        Client(headers={"accept-language": "zh-CN"})
        .get(page(customer("alice")) + "?lang=en")
        .content.decode()
    )
    assert "News and offers" in html and "?lang=zh-hans" in html


@pytest.mark.parametrize("bad", ["", "x", "expired", "purpose", "bit"])
def test_links_that_do_not_work_change_nothing(bad: str) -> None:
    alice = customer("alice")
    token = page(alice).removeprefix("/p/")
    path = {
        "expired": page(alice, days=-1),
        "purpose": f"/p/{make(Purpose.CONFIRM, Pass(alice.pk), until=NOON + DAY)}",
        "bit": f"/p/{('B' if token[0] == 'A' else 'A') + token[1:]}",
    }.get(bad, f"/p/{bad or 'none'}")
    for answer in (Client().get(path), Client().post(path, {"no_profiling": "on", "want": "news:email"})):
        assert answer.status_code == 404
        assert "Alice" not in answer.content.decode() and "a@x.org" not in answer.content.decode()
    assert not Consent.objects.exists() and not customer("alice").no_profiling


def test_a_link_of_a_joined_customer_opens_the_survivors_page() -> None:
    send(visit(at=NOON, anonymous="b"))
    old = visitor("b")
    path = page(old)
    joining.join(customer("alice").pk, old.pk, now=NOON, cause="hand")
    Client().post(path, {"no_profiling": "on"})
    assert customer("alice").no_profiling


# -- asked back ----------------------------------------------------------------------------------------------


def test_a_yes_from_the_storefront_waits_where_the_topic_asks_back_unless_the_address_is_verified() -> None:
    Topic.objects.filter(slug="news").update(double_opt_in=True)
    held = put(
        {"answers": [{**NEWS, "granted": True}, {"topic": "care", "channel": "email", "granted": True}]}
    ).json()
    assert (state(held), state(held, "care")) == ("pending", "granted")
    assert ConsentRequest.objects.get().address == "a@x.org"
    assert Event.objects.filter(type__name="consent_asked").count() == 1
    held = put({"answers": [{**NEWS, "granted": False}]}, once="k2").json()
    assert state(held) == "refused" and ConsentRequest.objects.get().withdrawn_at is not None
    contacts.set_state(customer("bob").pk, "email", "b@x.org", "verified", NOON)
    assert state(put({"answers": [{**NEWS, "granted": True}]}, who="bob").json()) == "granted"


def test_a_yes_that_cannot_be_asked_back_is_refused() -> None:
    Topic.objects.filter(slug="news").update(double_opt_in=True)
    send(visit(at=NOON, user="carl"))
    answer = put({"answers": [{**NEWS, "granted": True}]}, who="carl")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "no_address")


def test_a_pending_yes_is_not_withdrawn_by_saving_the_page() -> None:
    Topic.objects.filter(slug="news").update(double_opt_in=True)
    put({"answers": [{**NEWS, "granted": True}]})
    Client().post(page(customer("alice")), {"most_per_week": "2"})
    assert state(shopper(customer("alice")).ask("me/preferences").json()) == "pending"
    assert preferences.preferences_of(customer("alice").pk, NOON).most_per_week == 2


def test_only_a_no_ends_the_wait_for_a_yes() -> None:
    """A yes that the shop's back end tells meanwhile leaves the link as it is; its owner still confirms."""
    Topic.objects.filter(slug="news").update(double_opt_in=True)
    put({"answers": [{**NEWS, "granted": True}]})
    send(identify(at=NOON, user="alice", consents=[{**NEWS, "granted": True}]))
    waiting = ConsentRequest.objects.get()
    assert (waiting.confirmed_at, waiting.withdrawn_at) == (None, None)
    token = opt_in.link(waiting).rpartition("/")[2]
    assert opt_in.confirm(token, ip=None, now=NOON).confirmed_at == NOON
