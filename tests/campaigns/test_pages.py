"""The pages of campaigns: written, looked at, started, followed; who may do what."""

import re

import pytest
from django.test import Client
from pytest_django import Settings

from campaigns.models import Campaign, CampaignState, Content
from campaigns.services.dispatch import dispatch
from campaigns.services.finish import finish_runs
from campaigns.services.start import start_due
from config.kit import clock
from config.sink import store
from tests.campaigns.acts import send
from tests.campaigns.audience import customers, draft, segment_of
from tests.operators import SET_UP
from tests.sinks import SmtpSink
from users.models import AuditEntry, Operator, Role, Topic

pytestmark = pytest.mark.django_db(transaction=True)


def as_role(role: Role) -> Client:
    operator = Operator.objects.create(username=role.value, role=role, is_staff=True, factor_at=SET_UP)
    client = Client()
    client.force_login(operator)
    return client


def words(response: object) -> str:
    text = re.sub(r"<[^>]+>", " ", response.content.decode())  # type: ignore[attr-defined]
    return " ".join(text.split())


def form(**changes: object) -> dict[str, object]:
    values: dict[str, object] = {
        "name": "Spring",
        "kind": "one_off",
        "topic": Topic.objects.get(slug="news").pk,
        "holdout_percent": 0,
        "priority": 50,
        "expires_hours": 48,
        "window_days": 7,
        "subject_en": "Hello {{ customer.first_name }}",
        "body_en": "See https://shop.example/new",
    }
    return values | changes


def test_from_the_empty_list_to_the_closed_run(smtp_sink: SmtpSink) -> None:
    operator = as_role(Role.OPERATOR)
    assert "No campaign yet" in words(operator.get("/admin/campaigns/"))
    segment = segment_of(customers(30) + customers(4, consent=False))
    assert operator.get("/admin/campaigns/new/").status_code == 200
    saved = operator.post("/admin/campaigns/new/", form(segment=segment.pk))
    campaign = Campaign.objects.get()
    here = f"/admin/campaigns/{campaign.pk}/"
    assert (saved.status_code, saved["Location"]) == (302, here)
    before = words(operator.get(here))
    assert "Sends to about 30 customers, as soon as it is started." in before
    assert "Has not agreed to this topic on this channel -4 30" in before.replace("−", "-")
    assert operator.post(here, {"act": "start"}).status_code == 302
    start_due(clock.now())
    assert "Sending" in words(operator.get(here))
    dispatch()
    finish_runs(clock.now())
    after = words(operator.get(here))
    assert "Sent 30" in after
    assert "Matched 34" in after
    everybody = words(operator.get(here + "customers/?outcome=no_consent"))
    assert everybody.count("Has not agreed to this topic on this channel") >= 4
    assert operator.get(here + "edit/").status_code == 404
    acts = list(AuditEntry.objects.order_by("pk").values_list("act", "actor"))
    assert acts == [("campaign.create", "operator"), ("campaign.start", "operator")]


def test_a_refusal_stands_beside_its_field() -> None:
    operator = as_role(Role.OPERATOR)
    segment = segment_of(customers(1))
    bomb = form(segment=segment.pk, body_en="{% for i in (1..999999) %}{{ i }}{% endfor %}")
    assert "larger than a message may be" in words(operator.post("/admin/campaigns/new/", bomb))
    no_schedule = form(segment=segment.pk, kind="recurring")
    assert "needs a first day" in words(operator.post("/admin/campaigns/new/", no_schedule))
    assert Campaign.objects.count() == 0


def test_a_recurring_draft_is_read_back_as_it_was_written() -> None:
    operator = as_role(Role.OPERATOR)
    weekly = form(
        segment=segment_of(customers(1)).pk,
        kind="recurring",
        starts_at="2030-01-07T10:30",
        every_days=7,
        subject_zh_hans="你好",
        body_zh_hans="想你了",
    )
    operator.post("/admin/campaigns/new/", weekly)
    campaign = Campaign.objects.get()
    assert (str(campaign.starts_at), str(campaign.send_time)) == ("2030-01-07 02:30:00+00:00", "10:30:00")
    assert list(Content.objects.order_by("pk").values_list("language", flat=True)) == ["zh-hans", "en"]
    edit = operator.get(f"/admin/campaigns/{campaign.pk}/edit/").content.decode()
    assert 'value="2030-01-07T10:30"' in edit
    assert "every 7 days at 10:30" in words(operator.get(f"/admin/campaigns/{campaign.pk}/"))


def test_the_preview_speaks_to_a_chosen_customer_and_runs_nothing() -> None:
    operator = as_role(Role.OPERATOR)
    segment = segment_of(customers(3))
    answer = operator.post(
        "/admin/campaigns/preview/",
        form(
            language="en",
            segment=segment.pk,
            body_en="<p>Hi {{ customer.name }}</p><script>alert(1)</script>",
        ),
    )
    page = answer.content.decode()
    assert "Hello C" in page
    assert "<iframe" in page
    assert " sandbox " in page
    assert "<script>" not in page
    bad = operator.post("/admin/campaigns/preview/", form(language="en", body_en="{{ nobody.knows }}"))
    assert "There is no value called" in words(bad)


def test_large_ones_wait_for_the_approver() -> None:
    from campaigns import shop

    shop.approval_over.set(1)
    operator, approver = as_role(Role.OPERATOR), as_role(Role.APPROVER)
    operator.post("/admin/campaigns/new/", form(segment=segment_of(customers(3)).pk))
    here = f"/admin/campaigns/{Campaign.objects.get().pk}/"
    assert "a second operator must approve" in words(operator.get(here))
    operator.post(here, {"act": "start"})
    operator.post(here, {"act": "approve"})
    assert Campaign.objects.get().approved_by is None
    approver.post(here, {"act": "start"})
    assert Campaign.objects.get().state == CampaignState.DRAFT
    assert "Approve sending to 3 customers" in words(approver.get(here))
    approver.post(here, {"act": "approve"})
    operator.post(here, {"act": "start"})
    assert Campaign.objects.get().state == CampaignState.SCHEDULED


@pytest.mark.parametrize("role", [Role.ANALYST, Role.READ_ONLY, Role.SUPPORT])
def test_readers_read_and_act_on_nothing(role: Role) -> None:
    campaign = draft(segment_of(customers(1)))
    reader = as_role(role)
    here = f"/admin/campaigns/{campaign.pk}/"
    assert reader.get(here).status_code == 200
    for act in ("start", "pause", "resume", "cancel", "test", "approve"):
        assert reader.post(here, {"act": act}).status_code == 403
    assert reader.post("/admin/campaigns/new/", form(segment=campaign.segment_id)).status_code == 403
    assert Campaign.objects.get().state == CampaignState.DRAFT


def test_strangers_see_the_log_in() -> None:
    for path in ("", "customers/", "new/", "1/", "1/edit/", "1/customers/", "preview/", "mail/", "mail/x/"):
        assert Client().get(f"/admin/campaigns/{path}").status_code == 302


def test_buttons_pause_resume_and_cancel() -> None:
    operator = as_role(Role.OPERATOR)
    campaign = draft(segment_of(customers(3)))
    here = f"/admin/campaigns/{campaign.pk}/"
    for act, state in (
        ("start", "scheduled"),
        ("pause", "paused"),
        ("resume", "scheduled"),
        ("cancel", "cancelled"),
    ):
        operator.post(here, {"act": act})
        campaign.refresh_from_db()
        assert campaign.state == state
    operator.post(here, {"act": "explode"})
    assert "There is no such act." in words(operator.get(here))


def test_a_test_goes_to_listed_addresses_only(smtp_sink: SmtpSink) -> None:
    operator = as_role(Role.OPERATOR)
    campaign = draft(segment_of(customers(1)))
    here = f"/admin/campaigns/{campaign.pk}/"
    operator.post(here, {"act": "test", "address": "somebody@example.org"})
    assert smtp_sink.messages == []
    operator.post(here, {"act": "test", "address": "test@example.com"})
    (mail,) = smtp_sink.messages
    assert (mail["To"], mail["Subject"]) == ("test@example.com", "Hello Mei")
    assert "https://shop.example/new" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_the_local_mail_can_be_read(settings: Settings, tmp_path: object) -> None:
    settings.SINK_DIR = tmp_path
    name = store.default_store().keep(
        "mail", b"From: <shop@localhost>\r\nTo: <mei@example.com>\r\nSubject: Hi <b>\r\n\r\nYes.\r\n"
    )
    operator = as_role(Role.OPERATOR)
    assert "Hi &lt;b&gt;" in operator.get("/admin/campaigns/mail/").content.decode()
    page = operator.get(f"/admin/campaigns/{name}/")
    assert "Yes." in words(page)
    assert operator.get("/admin/campaigns/mail/nothing.eml/").status_code == 404
    assert operator.get("/admin/campaigns/mail/..%2f..%2fsecret_key/").status_code == 404
    assert as_role(Role.ANALYST).get("/admin/campaigns/mail/").status_code == 403


def test_the_customer_page_says_what_was_sent_and_what_was_not(smtp_sink: SmtpSink) -> None:
    told, untold = customers(1)[0], customers(1, consent=False)[0]
    send(draft(segment_of([told, untold])))
    operator = as_role(Role.OPERATOR)
    assert "Win back Sent" in words(operator.get(f"/admin/customers/{told}/?panel=messages"))
    assert "Has not agreed to this topic" in words(operator.get(f"/admin/customers/{untold}/?panel=messages"))
    assert "What was sent" in words(operator.get("/admin/?panel=all"))


def test_lists_ask_as_often_for_many_as_for_one(django_assert_max_num_queries: object) -> None:
    operator = as_role(Role.OPERATOR)
    segment = segment_of(customers(60))
    send(draft(segment, "First"))
    for number in range(10):
        draft(segment, f"Draft {number}")
    here = Campaign.objects.get(name="First").pk
    for path in ("", f"{here}/", f"{here}/customers/"):
        with django_assert_max_num_queries(20):  # type: ignore[operator]
            assert operator.get(f"/admin/campaigns/{path}").status_code == 200
