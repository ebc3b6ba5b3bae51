"""Rules over messages and consent, kept up to date by refreshes."""

from datetime import timedelta

import pytest
from django.test import Client

from campaigns.models import Receipt
from segments.models import Membership, Segment
from segments.services.rebuild import rebuild
from segments.services.refresh import refresh
from segments.services.segments import create_segment
from segments.uses import uses_of
from tests.campaigns.acts import send
from tests.campaigns.audience import customers, draft, segment_of
from tests.campaigns.test_responses import BROWSER, path_in
from tests.clock import move
from tests.sinks import SmtpSink

pytestmark = pytest.mark.django_db(transaction=True)


def live_segment(name: str, condition: dict[str, object]) -> Segment:
    return rebuild(create_segment(name=name, rule={"version": 1, "root": {"all": [condition]}}, by=None))


def members(segment: Segment) -> list[int]:
    return sorted(Membership.objects.filter(segment=segment).values_list("customer_id", flat=True))


def test_being_sent_opening_and_clicking_move_segments(smtp_sink: SmtpSink) -> None:
    told, untold = customers(1)[0], customers(1, consent=False)[0]
    campaign = draft(segment_of([told, untold]))
    in_week = {"op": "did", "in_last_days": 7}
    sent = live_segment("sent", {"happened": "messages", **in_week})
    opened = live_segment("opened", {"happened": "message_opens", **in_week})
    clicked = live_segment("clicked", {"happened": "message_clicks", **in_week})
    send(campaign)
    refresh()
    assert [members(one) for one in (sent, opened, clicked)] == [[told], [], []]
    phone = Client(**BROWSER)
    phone.get(path_in(smtp_sink.messages[0], "o"))
    phone.get(path_in(smtp_sink.messages[0], "c"))
    assert set(Receipt.objects.values_list("kind", flat=True)) == {"opened", "clicked"}
    refresh()
    assert [members(one) for one in (sent, opened, clicked)] == [[told], [told], [told]]
    move(timedelta(days=7, minutes=2))
    refresh()
    assert [members(one) for one in (sent, opened, clicked)] == [[], [], []]


def test_taking_the_way_out_leaves_the_segment_of_those_who_may_be_mailed(smtp_sink: SmtpSink) -> None:
    yes, no = customers(1)[0], customers(1, consent=False)[0]
    agreed = live_segment("agreed", {"may_receive": "email", "topic": "news"})
    assert members(agreed) == [yes]
    send(draft(segment_of([yes, no])))
    Client(**BROWSER).post(path_in(smtp_sink.messages[0], "u"))
    refresh()
    assert members(agreed) == []


def test_a_segment_says_which_campaigns_use_it() -> None:
    campaign = draft(segment_of(customers(1)))
    assert campaign.segment is not None
    (use,) = uses_of([campaign.segment.pk])[campaign.segment.pk]
    assert use.sentence == "campaign “Win back”"
