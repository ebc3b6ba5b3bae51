"""What comes back: the way out, clicks, opens, conversions and credit; forged links; joined customers."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from re import findall
from typing import Any

import pytest
from django.test import Client

from campaigns.models import (
    Assignment,
    Attempt,
    Campaign,
    Conversion,
    Delivery,
    Link,
    OrderCredit,
    Receipt,
)
from campaigns.page_parts import build_card
from campaigns.reports.outcome import links, outcome, recently, settled
from campaigns.services import attribution, joining
from campaigns.services.dispatch import dispatch
from config.kit import clock
from tests.campaigns.acts import outcome_of, plan, send
from tests.campaigns.audience import customers, draft, segment_of
from tests.clock import move
from tests.operators import SET_UP
from tests.sinks import SmtpSink
from users.models import Consent, Event, Operator, Order, Role, Standing
from users.reports import stored
from users.shop import currency

pytestmark = pytest.mark.django_db(transaction=True)

BROWSER: dict[str, Any] = {"HTTP_USER_AGENT": "Mozilla/5.0 (iPhone) Safari/604.1"}


@pytest.fixture
def shopper() -> Client:
    """A phone, checking CSRF like the real site."""
    return Client(enforce_csrf_checks=True, **BROWSER)


def path_in(mail: EmailMessage, letter: str) -> str:
    """The path of the unsubscribe (u), click (c) or open (o) address in a mail."""
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    return str(findall(rf"https?://[^\"/]+(/{letter}/[^\"]+)", html)[0])


def test_one_press_takes_the_way_out_for_the_next_claim(smtp_sink: SmtpSink, shopper: Client) -> None:
    (mei,) = ids = customers(1)
    send(draft(segment_of(ids)))
    (mail,) = smtp_sink.messages
    path = path_in(mail, "u")
    assert mail["List-Unsubscribe"] == f"<http://localhost:8000{path}>"
    page = shopper.get(path)
    assert (page.status_code, b"<button>" in page.content, b"<script" in page.content) == (200, True, False)
    assert len(page.content) < 2_000
    assert Consent.objects.get(is_current=True).granted  # looking does nothing
    second = draft(segment_of(ids, "Again"), "Second")
    move(timedelta(days=2))
    plan(second)
    answer = shopper.post(path, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert shopper.post(path).status_code == 200  # a repeat is harmless
    refusal = Consent.objects.get(is_current=True)
    assert (refusal.granted, refusal.source, Consent.objects.count()) == (False, "unsubscribe link", 2)
    dispatch()
    assert outcome_of(mei, second) == "no_consent"
    assert Receipt.objects.filter(kind="unsubscribed").count() == 1


def test_the_page_speaks_chinese(smtp_sink: SmtpSink, shopper: Client) -> None:
    send(draft(segment_of(customers(1))))
    page = shopper.get(path_in(smtp_sink.messages[0], "u"), headers={"accept-language": "zh-CN,zh"})
    assert "新品与优惠" in page.content.decode()


def test_a_click_leads_to_the_stored_target_counts_once_and_is_activity(
    smtp_sink: SmtpSink, shopper: Client
) -> None:
    (mei,) = customers(1)
    send(draft(segment_of([mei])))
    path = path_in(smtp_sink.messages[0], "c")
    for _again in range(3):
        answer = shopper.get(path)
        assert (answer.status_code, answer["Location"]) == (302, "https://shop.example/new")
    clicks = Receipt.objects.filter(kind="clicked", by_bot=False)
    assert clicks.count() in (1, 2)  # two when the minute turned
    event = Event.objects.filter(type__name="Message Clicked").earliest("occurred_at")
    assert (event.customer_id, event.properties["link"]) == (mei, "https://shop.example/new")
    assert Standing.objects.get(pk=mei).last_activity_at is not None


@pytest.mark.parametrize(
    "agent", ["", "Mozilla/5.0 (compatible; bingbot/2.0)", "Barracuda Sentinel", "curl/8.5"]
)
def test_programs_are_kept_apart_from_people(smtp_sink: SmtpSink, agent: str) -> None:
    send(draft(segment_of(customers(1))))
    (mail,) = smtp_sink.messages
    program = Client(HTTP_USER_AGENT=agent)
    assert program.get(path_in(mail, "c")).status_code == 302
    assert program.get(path_in(mail, "o")).status_code == 200
    assert set(Receipt.objects.values_list("kind", "by_bot")) == {("clicked", True), ("opened", True)}
    assert not Event.objects.filter(type__name="Message Clicked").exists()


def test_asking_for_the_head_only_is_a_programs_click(smtp_sink: SmtpSink, shopper: Client) -> None:
    send(draft(segment_of(customers(1))))
    assert shopper.head(path_in(smtp_sink.messages[0], "c")).status_code == 302
    assert Receipt.objects.get().by_bot


def test_an_open_is_a_picture_and_counts_once_an_hour(smtp_sink: SmtpSink, shopper: Client) -> None:
    send(draft(segment_of(customers(1))))
    path = path_in(smtp_sink.messages[0], "o")
    answer = shopper.get(path)
    assert (answer["Content-Type"], answer.content[:6]) == ("image/gif", b"GIF89a")
    shopper.get(path)
    assert Receipt.objects.filter(kind="opened").count() in (1, 2)


@pytest.mark.parametrize("kind", ["u", "c"])
def test_a_forged_link_is_refused_and_does_nothing(smtp_sink: SmtpSink, shopper: Client, kind: str) -> None:
    send(draft(segment_of(customers(1))))
    path = path_in(smtp_sink.messages[0], kind)
    swapped = "A" if path[-1] != "A" else "B"
    other = {"u": "c", "c": "u"}[kind]
    for forged in (
        path[:-1] + swapped,
        path.replace(f"/{kind}/", f"/{other}/"),
        f"/{kind}/x",
        f"/{kind}/%00",
    ):
        assert shopper.get(forged).status_code == 404
        if forged.startswith("/u/"):
            assert shopper.post(forged).status_code == 404
    assert Receipt.objects.count() == 0
    assert Consent.objects.get().granted


def test_a_link_of_another_step_is_refused(smtp_sink: SmtpSink, shopper: Client) -> None:
    send(draft(segment_of(customers(1))))
    Link.objects.all().delete()
    assert shopper.get(path_in(smtp_sink.messages[0], "c")).status_code == 404


def test_both_arms_convert_once_inside_the_window_and_never_before(smtp_sink: SmtpSink) -> None:
    ids = customers(60)
    campaign = draft(segment_of(ids), holdout_percent=50)
    send(campaign)
    held = Assignment.objects.filter(held_out=True).earliest("customer_id")
    told = Assignment.objects.filter(held_out=False).earliest("customer_id")
    for arm in (held, told):
        for number, moment in enumerate((-1, 1, 2)):
            at = arm.assigned_at + timedelta(hours=moment)
            attribution.note_conversion(arm.customer_id, "order_paid", f"order_paid:shop:{number}", at)
    late = Assignment.objects.exclude(customer_id__in=[held.customer_id, told.customer_id]).earliest(
        "customer_id"
    )
    attribution.note_conversion(late.customer_id, "order_paid", "x", late.assigned_at + timedelta(days=7))
    rows = Conversion.objects.order_by("held_out").values_list("customer_id", "held_out", "message_id")
    assert list(rows) == [
        (told.customer_id, False, "order_paid:shop:1"),
        (held.customer_id, True, "order_paid:shop:1"),
    ]


def credit(customer_id: int, number: str, at: datetime) -> tuple[str, str] | None:
    """Credit an order; the campaign and the touch it was credited to."""
    attribution.credit_order(customer_id, "shop", number, at, clock.now())
    row = OrderCredit.objects.filter(number=number).values_list("campaign__name", "touch").first()
    return (row[0], row[1]) if row else None


def touched(delivery: Delivery, kind: str, at: datetime, *, by_bot: bool = False) -> None:
    Receipt.objects.create(
        customer_id=delivery.customer_id,
        step_id=delivery.step_id,
        occasion=delivery.occasion,
        key=f"{kind}:{at.isoformat()}",
        kind=kind,
        channel="email",
        at=at,
        by_bot=by_bot,
    )


def test_an_order_is_credited_to_the_latest_click_else_open_else_message(smtp_sink: SmtpSink) -> None:
    (mei,) = customers(1)
    segment = segment_of([mei])
    first = send(draft(segment, "First"))
    move(timedelta(days=2))
    send(draft(segment, "Second"))
    now = clock.now()
    one = Delivery.objects.get(run=first)
    hour = timedelta(hours=1)
    assert credit(mei, "before", now - timedelta(days=3)) is None
    assert credit(mei, "sent", now + hour) == ("Second", "delivered")
    touched(one, "clicked", now + hour, by_bot=True)
    touched(one, "opened", now + 2 * hour)
    assert credit(mei, "opened", now + 3 * hour) == ("First", "opened")
    touched(one, "clicked", now + 4 * hour)
    assert credit(mei, "clicked", now + 5 * hour) == ("First", "clicked")
    assert credit(mei, "between", now + 3 * hour) == ("First", "opened")
    assert credit(mei, "clicked", now + 9 * hour) == ("First", "clicked")
    assert credit(mei, "too late", now + timedelta(days=8)) is None
    assert OrderCredit.objects.count() == 4


def test_joined_customers_keep_what_was_sent_to_both(smtp_sink: SmtpSink, shopper: Client) -> None:
    mei, lin = customers(2)
    campaign = draft(segment_of([mei, lin]), holdout_percent=0)
    send(campaign)
    Assignment.objects.filter(customer_id=lin).update(
        held_out=True, assigned_at=clock.now() - timedelta(days=1)
    )
    mail_of_lin = next(mail for mail in smtp_sink.messages if mail["To"] == f"c{lin}@example.com")
    shopper.get(path_in(mail_of_lin, "o"))
    for _again in range(2):
        joining.join(mei, lin)
    deliveries = Delivery.objects.order_by("occasion").values_list("customer_id", "occasion", "state")
    assert list(deliveries) == [(mei, "run", "sent"), (mei, f"run:{lin}", "sent")]
    assert set(Attempt.objects.values_list("customer_id", "occasion")) == {(mei, "run"), (mei, f"run:{lin}")}
    assert Receipt.objects.values_list("customer_id", "occasion").get() == (mei, f"run:{lin}")
    arm = Assignment.objects.get()
    assert (arm.customer_id, arm.held_out, arm.in_both) == (mei, True, True)
    from users.models import CustomerAlias

    CustomerAlias.objects.create(old_id=lin, customer_id=mei, joined_at=clock.now(), cause="test")
    assert shopper.get(path_in(mail_of_lin, "u")).status_code == 200
    assert Campaign.objects.count() == 1


def ordered(customer_id: int, number: str, net: int, at: datetime, *, counts: bool) -> None:
    """An order of ``net`` minor units from the shop, paid at ``at``."""
    Order.objects.create(
        customer_id=customer_id,
        source="shop",
        number=number,
        ordered_at=at,
        paid_at=at,
        confirmed=True,
        currency=currency.get(),
        total=net,
        net=net,
        counts=counts,
    )


def test_the_home_card_counts_as_the_campaigns_page_does(
    smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A click without a picture is an open, a cancelled order is no order, and money has its sign."""
    mei, omar = customers(2)
    campaign = draft(segment_of([mei, omar]))
    run = send(campaign)
    now = clock.now()
    touched(Delivery.objects.get(run=run, customer_id=mei), "clicked", now)
    for number, counts in (("kept", True), ("cancelled", False)):
        ordered(mei, number, 2500, now + timedelta(hours=1), counts=counts)
        credit(mei, number, now + timedelta(hours=1))
    home, page = recently(now, timedelta(days=1)), outcome(campaign)
    monkeypatch.setattr(stored, "LARGE", -1)  # as in a shop where the page keeps its counts for some minutes
    monkeypatch.setattr(stored, "_looked_at", {})
    for _turn in ("counted", "kept"):
        assert settled(campaign, now) == (page, links(campaign), now)
    assert (home.sent, home.opened, home.clicked, home.orders) == (2, 1, 1, 1)
    assert (page.sent, page.opened, page.clicked, page.orders) == (2, 1, 1, 1)
    assert (home.revenue, page.revenue) == (2500, 2500)
    money = build_card(now)["stats"][-1]
    assert (money.value, money.currency) == (2500, currency.get())


def test_every_number_of_a_campaign_opens_the_customers_behind_it(smtp_sink: SmtpSink) -> None:
    mei, omar, lin = customers(3)
    campaign = draft(segment_of([mei, omar, lin]))
    run = send(campaign)
    now = clock.now()
    for who, kind in ((mei, "clicked"), (omar, "opened")):
        touched(Delivery.objects.get(run=run, customer_id=who), kind, now)
    for who, counts in ((mei, True), (omar, False)):
        ordered(who, f"of-{who}", 2500, now + timedelta(hours=1), counts=counts)
        credit(who, f"of-{who}", now + timedelta(hours=1))
    analyst = Client()
    analyst.force_login(
        Operator.objects.create(username="ann", role=Role.ANALYST, is_staff=True, factor_at=SET_UP)
    )
    behind = {"?outcome=sent": {mei, omar, lin}, "?did=opened": {mei, omar}, "?did=clicked": {mei}}
    for address in (f"/admin/campaigns/{campaign.pk}/customers/", "/admin/campaigns/customers/"):
        for query, people in (behind | {"?did=ordered": {mei}}).items():
            page = analyst.get(address + query).content.decode()
            assert {int(pk) for pk in findall(r"/admin/customers/(\d+)/", page)} == people
    card = build_card(now)["stats"]
    assert [(stat.value, stat.url) for stat in card] == [
        (3, "/admin/campaigns/customers/?outcome=sent"),
        (2, "/admin/campaigns/customers/?did=opened"),
        (1, "/admin/campaigns/customers/?did=clicked"),
        (1, "/admin/campaigns/customers/?did=ordered"),
        (2500, "/admin/campaigns/customers/?did=ordered"),
    ]
