"""What operators do on a customer: profile, addresses, answers; with its audit, its refusals, and no markup."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from tests.clock import move_to
from tests.operators import logged_in
from tests.users.back_end import Caller, refusal
from tests.users.door import customer, identify, send, visit
from users.models import AuditEntry, Consent, ContactPoint, Role, Touched

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
XSS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "{{ 7*7 }}{% debug %}",
    "javascript:alert(1)",
    "</textarea><svg/onload=alert(1)>",
)


@pytest.fixture(autouse=True)
def shop() -> None:
    move_to(NOON)
    send(identify(at=NOON - DAY, user="alice", name="Alice", email="a@x.org", address={"city": "Ulm"}))


def page(name: str = "customer") -> str:
    return reverse(f"users:{name}", args=[customer("alice").pk])


def edit(**changes: str) -> str:
    told = {"name": "Alice", "city": "Ulm", **changes}
    return logged_in(Role.SUPPORT).post(page("customer_edit"), told, follow=True).content.decode()


def test_an_edit_outdoes_older_traits_and_yields_to_newer_ones() -> None:
    Touched.objects.all().delete()
    edit(name="Alice Li", birthday="1990-02-03", country="cn", interests="jazz，tea、rain")
    alice = customer("alice")
    assert (alice.name, alice.birthday, alice.country) == ("Alice Li", date(1990, 2, 3), "CN")
    assert (alice.interests, alice.city) == (["jazz", "tea", "rain"], "Ulm")
    assert set(Touched.objects.values_list("topic", flat=True)) == {"profile"}
    entry = AuditEntry.objects.get(act="customer.edit")
    assert entry.before == {"name": "Alice", "birthday": None, "country": "", "interests": []}
    assert entry.after and entry.after["birthday"] == "1990-02-03"
    send(identify(at=NOON - timedelta(minutes=1), user="alice", name="Old"))
    assert customer("alice").name == "Alice Li"
    send(identify(at=NOON + timedelta(minutes=1), user="alice", name="New"))
    assert customer("alice").name == "New"


def test_an_emptied_field_is_forgotten_and_nothing_else_is_touched() -> None:
    edit(city="")
    assert (customer("alice").city, customer("alice").name) == ("", "Alice")
    edit(city="")
    assert AuditEntry.objects.filter(act="customer.edit").count() == 1


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("country", "C1", "Two letters"),
        ("time_zone", "Mars/Olympus", "no such time zone"),
        ("birthday", "2026-02-31", "valid date"),
        ("birthday", "2026-05-21", "a day of the past"),
        ("birthday", "1899-12-31", "a day of the past"),
        ("gender", "robot", "not one of the available choices"),
        ("name", "x" * 201, "at most 200"),
    ],
)
def test_bad_values_are_refused_beside_their_field(field: str, value: str, says: str) -> None:
    shown = edit(**{field: value})
    assert says in shown and value[:100] in shown
    assert not AuditEntry.objects.filter(act="customer.edit").exists()


def act(name: str, channel: str = "email", address: str = "a@x.org", role: str = Role.SUPPORT) -> str:
    told = {"contact": name, "channel": channel, "address": address}
    return logged_in(role).post(page(), told, follow=True).content.decode()


def test_addresses_are_added_verified_blocked_opened_and_removed() -> None:
    def state() -> str:
        return ContactPoint.objects.get(address="a@x.org").state

    for name in ("verified", "blocked", "unverified"):
        act(name)
        assert state() == name
    act("add", "sms", "138 0013 8000")
    assert ContactPoint.objects.get(channel="sms").address == "+8613800138000"
    act("remove")
    assert not ContactPoint.objects.filter(channel="email").exists()
    acts = list(AuditEntry.objects.order_by("pk").values_list("act", flat=True))
    assert acts == ["contact.state"] * 3 + ["contact.add", "contact.remove"]


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("email", "nobody"),
        ("sms", "12"),
        ("wechat", "a b"),
        ("inbox", "x"),
        ("weibo", ""),
        ("no such", "x"),
        ("email", "\x00"),
    ],
)
def test_what_is_no_address_is_refused(channel: str, address: str) -> None:
    before = ContactPoint.objects.count()
    assert "This is no" in act("add", channel, address)
    assert ContactPoint.objects.count() == before


def test_push_addresses_are_not_typed_by_operators_and_taken_from_the_back_end() -> None:
    offered = logged_in().get(page()).context["by_hand"]
    assert [channel for channel, _label in offered] == ["email", "sms", "wechat", "weibo"]
    push = '{"endpoint": "https://push.example/x", "keys": {"p256dh": "BAAA", "auth": "AAA"}}'
    for channel in ("web_push", "app_push"):
        assert "is told by the app or browser itself" in act("add", channel, push)
    back_end, path = Caller(), f"customers/{customer('alice').pk}/contacts"
    broken = ("{}", "[" * 900, '{"endpoint": "http://x.org", "keys": {"p256dh": "B", "auth": "A"}}')
    refused = [refusal(back_end.post(path, {"channel": "web_push", "address": text}))[:2] for text in broken]
    assert refused == [(400, "bad_subscription")] * 3
    assert back_end.post(path, {"channel": "web_push", "address": push}).status_code == 201
    point = ContactPoint.objects.get(channel__in=["web_push", "app_push"])
    assert (point.address, point.details) == ("https://push.example/x", {"p256dh": "BAAA", "auth": "AAA"})


def test_nobody_acts_on_an_address_that_is_not_there_or_without_the_role() -> None:
    assert "There is no such address." in act("blocked", address="other@x.org")
    assert "There is no such address." in act("no such state")
    act("blocked", role=Role.ANALYST)
    assert ContactPoint.objects.get().state == "unverified"


def record(**changes: str) -> str:
    told = {
        "key": str(uuid.uuid4()), "topic": "news", "channel": "email", "granted": "yes", "given_on": "2026-05-18",
        "source": "paper", "wording": "form-1", "evidence": "folder 7", **changes,
    }  # fmt: skip
    return logged_in(Role.SUPPORT).post(page("customer_consent"), told, follow=True).content.decode()


def test_an_answer_by_hand_is_in_the_ledger_with_its_proof() -> None:
    record()
    shown = logged_in().get(page(), {"panel": "consents"}).content.decode()
    said = Consent.objects.get()
    assert (said.granted, said.source, said.wording, said.evidence) == (True, "paper", "form-1", "folder 7")
    assert said.is_current and said.given_at < NOON
    assert "folder 7" in shown and "On paper" in shown
    told = AuditEntry.objects.get(act="consent.record").after
    assert told and told["evidence"] == "folder 7"
    record(granted="no", given_on="2026-05-17", wording="", evidence="")  # older: it does not count any more
    assert Consent.objects.get(is_current=True).granted
    record(granted="no", given_on="2026-05-20")
    assert not Consent.objects.get(is_current=True).granted


def test_a_form_sent_twice_counts_once() -> None:
    key = str(uuid.uuid4())
    record(key=key)
    record(key=key)
    assert Consent.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("wording", ""), ("evidence", " "), ("given_on", "2026-05-21"), ("topic", "service"), ("channel", "pigeon"),
     ("key", "x"), ("source", "rumour")],
)  # fmt: skip
def test_answers_without_proof_or_sense_are_refused(field: str, value: str) -> None:
    record(**{field: value})
    assert not Consent.objects.exists()


def test_no_field_of_a_profile_runs_on_any_page() -> None:
    for payload in (" ".join(XSS[:3]), " ".join(XSS[3:])):
        send(
            identify(
                at=NOON, user="alice", name=payload, firstName=payload[:99], occupation=payload[:99],
                address={"city": payload, "region": payload}, interests=[payload], **{payload: payload},
            ),
            identify(at=NOON, anonymous="b", name=payload, wechatOpenid="o", **{payload: payload}),
        )  # fmt: skip
        record(evidence=payload, wording=payload)
        client = logged_in()
        other = ContactPoint.objects.get(channel="wechat").customer_id
        shown = [
            client.get(page()),
            client.get(page("customer_edit")),
            client.get(page("customer_consent")),
            client.get(page("join"), {"with": other}),
            client.get(page("join"), {"q": payload}),
            client.get(reverse("users:customers"), {"q": payload}),
        ]
        for answer in shown:
            html = answer.content.decode()
            assert answer.status_code == 200
            assert (
                "49" not in payload and payload.startswith(("javascript", "{{", "'"))
            ) or payload not in html
            assert "onerror=alert(1)>" not in html and "onload=alert(1)>" not in html


def test_the_customer_page_needs_no_more_queries_for_more(django_assert_max_num_queries: object) -> None:
    client = logged_in()
    client.get(page())
    for n in range(12):
        record(key=str(uuid.uuid4()), evidence=f"folder {n}")
    traits: dict[str, Any] = {f"trait{n}": n for n in range(20)}
    send(identify(at=NOON, user="alice", **traits), visit(at=NOON, user="alice"))
    with django_assert_max_num_queries(10):  # type: ignore[operator]
        client.get(page())


def test_late_panels_come_by_themselves_in_few_queries_and_without_a_script(
    django_assert_max_num_queries: Any,
) -> None:
    client = logged_in()
    shown = client.get(page()).context
    late = [panel.name for panel, values in (*shown["panels"], *shown["side_panels"]) if values is None]
    assert {"orders", "timeline", "consents", "identities", "points", "messages", "segments"} <= set(late)
    send(*(visit(at=NOON, user="alice") for _n in range(50)))
    for name in late:
        with django_assert_max_num_queries(11):
            part = client.get(page(), {"panel": name}, headers={"HX-Request": "true"})
        assert part.status_code == 200
        assert "<html" not in part.content.decode() and "<h2>" in part.content.decode()
    everything = client.get(page(), {"panel": "all"}).context
    assert all(values is not None for _p, values in (*everything["panels"], *everything["side_panels"]))
    assert client.get(page(), {"panel": "no-such"}, headers={"HX-Request": "true"}).status_code == 404
