"""What customers decided on their page holds in campaigns, and messages lead to that page."""

from datetime import timedelta
from re import findall

import pytest
from django.test import Client

from campaigns.services.campaigns import Plan, Text, create_campaign
from config.kit import clock
from tests.campaigns.acts import outcome_of, send
from tests.campaigns.audience import customers, draft, segment_of
from tests.clock import move
from tests.sinks import SmtpSink
from users.models import Consent, Customer, Topic

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_wish_for_fewer_messages_is_one_more_cap(smtp_sink: SmtpSink) -> None:
    quiet, other = customers(2)
    Customer.objects.filter(pk=quiet).update(most_per_week=1)
    send(draft(segment_of([quiet, other])))
    move(timedelta(days=2))
    second = draft(segment_of([quiet, other], "Again"), "Second")
    send(second)
    assert (outcome_of(quiet, second), outcome_of(other, second)) == ("capped", "sent")
    move(timedelta(days=6))
    third = draft(segment_of([quiet, other], "Later"), "Third")
    send(third)
    assert outcome_of(quiet, third) == "sent"


def test_messages_and_the_way_out_lead_to_the_page(smtp_sink: SmtpSink) -> None:
    (mei,) = ids = customers(1)
    text = Text("Hello", "Choose: {{ preferences_url }}", "en")
    plan = Plan(
        name="With a link",
        kind="one_off",
        segment=segment_of(ids),
        topic=Topic.objects.get(slug="news"),
        holdout_percent=0,
    )
    send(create_campaign(plan, [text], by=None, now=clock.now()))
    html = smtp_sink.messages[0].get_body(("html",)).get_content()  # type: ignore[union-attr]
    for page in (html, Client().get(findall(r"https?://[^\"/]+(/u/[^\"]+)", html)[0]).content.decode()):
        (path, *_more) = findall(r"https?://[^\"/\s<]+(/p/[\w-]+)", page)
        assert Client().get(path).status_code == 200
    Client().post(path, {"most_per_week": "0"})
    assert not Consent.objects.get(customer=mei, is_current=True).granted
