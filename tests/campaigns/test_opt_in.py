"""Double opt-in, from a public form over a real mail to the ledger, and everything that must not work."""

from datetime import timedelta
from email.message import EmailMessage
from re import findall
from typing import Any

import pytest
from django.test import Client

from campaigns.services.dispatch import dispatch
from config.kit import clock
from tests.campaigns.audience import customers
from tests.clock import move
from tests.settling import apply_everything
from tests.sinks import SmtpSink
from tests.users.door import identify, send, visitor
from users.models import Consent, ConsentRequest, ContactPoint, Topic
from users.services import joining, opt_in
from users.tokens import Pass, Purpose, make, read

pytestmark = pytest.mark.django_db(transaction=True)
YES = [{"channel": "email", "topic": "news", "granted": True, "wording": "form-2"}]


@pytest.fixture(autouse=True)
def asked_back(reference_rows: None) -> None:
    Topic.objects.filter(slug="news").update(double_opt_in=True)


def sign_up(browser: str, address: str = "mei@example.com", **fields: Any) -> None:
    """Somebody fills in the public form."""
    call = identify(at=clock.now(), anonymous=browser, email=address, consents=YES, **fields)
    send({**call, "context": {"ip": "203.0.113.9"}}, confirmed=False)
    apply_everything()
    dispatch(service=True)


def path_in(mail: EmailMessage) -> str:
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    return str(findall(r"https?://[^/\s]+(/y/\S+)", text)[0])


def granted() -> bool:
    return Consent.objects.filter(is_current=True, granted=True).exists()


def test_a_yes_counts_when_its_mail_was_confirmed(smtp_sink: SmtpSink) -> None:
    sign_up("browser")
    (mail,) = smtp_sink.messages
    assert mail["To"] == "mei@example.com" and "News and offers" in str(mail["Subject"])
    assert not granted() and not ContactPoint.objects.get().confirmed
    path = path_in(mail)
    shown = Client(enforce_csrf_checks=True).get(path)
    assert (shown.status_code, b"<script" in shown.content) == (200, False)
    assert not granted()  # looking does nothing: programs look too
    for _press in range(2):
        assert Client(enforce_csrf_checks=True, REMOTE_ADDR="198.51.100.7").post(path).status_code == 200
    said = Consent.objects.get()
    assert (said.granted, said.source, said.wording, said.ip) == (
        True,
        "double opt-in",
        "form-2",
        "198.51.100.7",
    )
    point = ContactPoint.objects.get()
    assert (point.confirmed, point.state) == (True, "verified")
    assert ConsentRequest.objects.get().ip == "203.0.113.9"


def test_a_link_pressed_again_after_a_no_changes_nothing(smtp_sink: SmtpSink) -> None:
    sign_up("browser")
    path = path_in(smtp_sink.messages[0])
    Client().post(path)
    no = [{**YES[0], "granted": False}]
    send(identify(at=clock.now(), anonymous="browser", consents=no))
    Client().post(path)
    assert not granted()


def test_a_no_before_the_confirmation_ends_the_wait(smtp_sink: SmtpSink) -> None:
    sign_up("browser")
    move(timedelta(minutes=1))
    send(identify(at=clock.now(), anonymous="browser", consents=[{**YES[0], "granted": False}]))
    answer = Client().post(path_in(smtp_sink.messages[0]))
    assert answer.status_code == 409 and not granted()


def test_the_link_ends_after_seven_days(smtp_sink: SmtpSink) -> None:
    sign_up("browser")
    move(timedelta(days=7, minutes=1))
    path = path_in(smtp_sink.messages[0])
    assert (Client().get(path).status_code, Client().post(path).status_code) == (404, 404)
    assert not granted()


def test_a_stranger_cannot_fill_a_mailbox(smtp_sink: SmtpSink) -> None:
    for number in range(6):
        sign_up(f"browser-{number}")
    assert len(smtp_sink.messages) == opt_in.MOST_A_DAY
    sign_up("browser-0")
    assert len(smtp_sink.messages) == opt_in.MOST_A_DAY
    move(timedelta(days=1, minutes=1))
    sign_up("browser-9")
    assert len(smtp_sink.messages) == opt_in.MOST_A_DAY + 1


def test_many_in_one_body_are_counted_together(smtp_sink: SmtpSink) -> None:
    now = clock.now()
    calls = [identify(at=now, anonymous=f"b{n}", email="mei@example.com", consents=YES) for n in range(20)]
    send(*calls, confirmed=False)
    assert ConsentRequest.objects.count() == opt_in.MOST_A_DAY


def test_late_events_and_topics_that_do_not_ask_back_mail_nobody(smtp_sink: SmtpSink) -> None:
    old = identify(at=clock.now() - timedelta(days=2), anonymous="b", email="mei@example.com", consents=YES)
    send(old, confirmed=False)
    Topic.objects.update(double_opt_in=False)
    sign_up("c")
    assert not ConsentRequest.objects.exists() and not smtp_sink.messages and not granted()


def test_what_the_back_end_says_counts_at_once(smtp_sink: SmtpSink) -> None:
    send(identify(at=clock.now(), user="mei", email="mei@example.com", consents=YES))
    assert granted() and not ConsentRequest.objects.exists()


def test_tokens_open_nothing_else(smtp_sink: SmtpSink) -> None:
    sign_up("browser")
    token = path_in(smtp_sink.messages[0]).removeprefix("/y/")
    about = read(Purpose.CONFIRM, token, now=clock.now())
    assert about is not None
    (other,) = customers(1, contact=False, consent=False)
    until = clock.now() + timedelta(days=1)
    for wrong in (
        make(Purpose.PREFERENCES, about, until=until),
        make(Purpose.CONFIRM, Pass(other, about.about), until=until),
        make(Purpose.CONFIRM, Pass(about.customer_id, "other"), until=until),
        token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1],
    ):
        assert Client().post(f"/y/{wrong}").status_code == 404
    assert Client().get(f"/p/{token}").status_code == 404
    assert not granted()


def test_a_request_follows_its_customer_through_a_join(smtp_sink: SmtpSink) -> None:
    sign_up("browser")
    (survivor,) = customers(1, contact=False, consent=False)
    joining.join(survivor, visitor("browser").pk, now=clock.now(), cause="hand")
    apply_everything()
    assert Client().post(path_in(smtp_sink.messages[0])).status_code == 200
    assert Consent.objects.get().customer_id == survivor
