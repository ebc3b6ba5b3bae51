"""A campaign from the press of the button to the mail server, and a reason for everybody it did not reach."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns import shop
from campaigns.models import Assignment, Attempt, Batch, Campaign, CampaignRun, CampaignState, Delivery
from campaigns.services import campaigns
from campaigns.services.dispatch import dispatch
from campaigns.services.finish import finish_runs
from campaigns.services.plan import plan_chunk, preview
from campaigns.services.service_message import queue
from config.kit import clock
from tests.campaigns.acts import outcome_of, outcomes, plan, send
from tests.campaigns.audience import (
    customers,
    draft,
    forget_history,
    give_consent,
    segment_of,
    take_consent,
)
from tests.clock import move, move_to
from tests.sinks import SmtpSink
from users.models import Channel, ContactPoint, ContactState, Customer

pytestmark = pytest.mark.django_db(transaction=True)


def recipients(sink: SmtpSink) -> list[str]:
    return sorted(str(mail["To"]) for mail in sink.messages)


def addresses(ids: list[int]) -> list[str]:
    return sorted(f"c{pk}@example.com" for pk in ids)


def test_everybody_who_may_be_mailed_gets_one_letter_and_the_rest_a_reason(smtp_sink: SmtpSink) -> None:
    good = customers(120)
    silent = customers(3, consent=False)
    without_address = customers(2, contact=False)
    run = send(draft(segment_of(good + silent + without_address)))
    assert recipients(smtp_sink) == addresses(good)
    assert outcomes() == {"sent": 120, "no_consent": 3, "unreachable": 2}
    losses = {"no_consent": 3, "unreachable": 2}
    assert run.manifest == {"matched": 125, "will_receive": 120, "losses": losses}
    assert run.state == CampaignRun.State.FINISHED
    assert Campaign.objects.get().state == CampaignState.FINISHED
    assert Attempt.objects.filter(state="sent", number=1).count() == 120


def test_the_preview_is_what_the_plan_comes_to() -> None:
    campaign = draft(segment_of(customers(40) + customers(4, consent=False)), holdout_percent=30)
    before = preview(campaign, clock.now())
    assert before.as_json() == plan(campaign).manifest
    assert before.matched == 44
    assert before.losses["no_consent"] == 4


def test_the_held_out_hear_nothing_and_stay_held_out_in_the_next_slot(smtp_sink: SmtpSink) -> None:
    segment = segment_of(customers(300))
    campaign = draft(segment, holdout_percent=20)
    send(campaign)
    held = set(Assignment.objects.filter(held_out=True).values_list("customer_id", flat=True))
    assert 30 < len(held) < 90  # 20 % of 300, by a hash
    assert Assignment.objects.count() == 300
    assert outcomes() == {"held_out": len(held), "sent": 300 - len(held)}
    Assignment.objects.filter(customer_id__in=held).update(held_out=False)
    again = CampaignRun.objects.create(
        campaign=campaign, occasion="2", planned_at=clock.now(), expires_at=clock.now() + timedelta(days=1)
    )
    while not plan_chunk(again):
        pass
    assert not Delivery.objects.filter(occasion="2", reason="held_out").exists()  # the stored arm decides


def test_batches_hold_at_most_500_of_those_who_will_receive() -> None:
    plan(draft(segment_of(customers(1_020) + customers(30, consent=False))))
    assert sorted(Batch.objects.values_list("size", flat=True)) == [20, 500, 500]


def test_who_unsubscribes_between_plan_and_claim_gets_nothing(smtp_sink: SmtpSink) -> None:
    ids = customers(3)
    campaign = draft(segment_of(ids))
    plan(campaign)
    take_consent(ids[1])
    dispatch()
    assert recipients(smtp_sink) == addresses([ids[0], ids[2]])
    assert outcome_of(ids[1], campaign) == "no_consent"


def test_a_blocked_address_and_an_erased_customer_are_found_out_at_the_claim(smtp_sink: SmtpSink) -> None:
    ids = customers(3)
    campaign = draft(segment_of(ids))
    plan(campaign)
    ContactPoint.objects.filter(customer_id=ids[0]).update(state=ContactState.BLOCKED)
    Customer.objects.filter(pk=ids[1]).update(erased_at=clock.now())
    dispatch()
    assert recipients(smtp_sink) == addresses([ids[2]])
    assert [outcome_of(pk, campaign) for pk in ids] == ["unreachable", "erased", "sent"]


def test_the_cap_holds_from_campaign_to_campaign_and_is_foreseen(smtp_sink: SmtpSink) -> None:
    ids = customers(4)
    send(draft(segment_of(ids[:3]), "First"))
    second = draft(segment_of(ids, "All"), "Second")
    assert preview(second, clock.now()).as_json() == {
        "matched": 4,
        "will_receive": 1,
        "losses": {"capped": 3},
    }
    send(second)
    assert outcomes(second) == {"capped": 3, "sent": 1}
    assert len(smtp_sink.messages) == 4


def test_three_in_seven_days_then_no_more_until_the_first_is_a_week_ago(smtp_sink: SmtpSink) -> None:
    shop.cap_per_day.set(0)
    segment = segment_of(customers(1))
    for name in ("One", "Two", "Three", "Four"):
        send(draft(segment, name))
    assert outcomes() == {"sent": 3, "capped": 1}
    forget_history()
    send(draft(segment, "Five"))
    assert outcomes() == {"sent": 4, "capped": 1}


def test_the_higher_priority_wins_the_one_place_of_the_day(smtp_sink: SmtpSink) -> None:
    ids = customers(2)
    low = draft(segment_of(ids), "Low", priority=10)
    high = draft(segment_of(ids[:1], "One of them"), "High", priority=90, starts_at=None)
    plan(low)
    plan(high)
    Batch.objects.filter(run__campaign=high).update(due_at=clock.now() + timedelta(hours=2))
    Delivery.objects.filter(run__campaign=high).update(due_at=clock.now() + timedelta(hours=2))
    dispatch()
    loser = Delivery.objects.get(customer_id=ids[0], step__campaign=low)
    assert (loser.state, loser.reason, loser.outranked_by_id) == ("skipped", "outranked", high.pk)
    assert outcome_of(ids[1], low) == "sent"


def test_a_paused_campaign_sends_nothing_and_goes_on_when_resumed(smtp_sink: SmtpSink) -> None:
    campaign = draft(segment_of(customers(5)))
    plan(campaign)
    campaigns.pause(campaign.pk, by=None)
    dispatch()
    assert smtp_sink.messages == []
    campaigns.resume(campaign.pk, by=None)
    dispatch()
    assert outcomes() == {"sent": 5}


def test_cancelling_skips_what_is_queued_and_closes_the_run(smtp_sink: SmtpSink) -> None:
    campaign = draft(segment_of(customers(600) + customers(2, consent=False)))
    run = plan(campaign)
    campaigns.cancel(campaign.pk, by=None)
    dispatch()
    assert finish_runs(clock.now()) == {"settled": 600, "finished": 1}
    assert outcomes() == {"cancelled": 600, "no_consent": 2}
    run.refresh_from_db()
    assert run.state == CampaignRun.State.CANCELLED
    assert smtp_sink.messages == []


def test_a_message_is_never_sent_after_its_time(smtp_sink: SmtpSink) -> None:
    campaign = draft(segment_of(customers(3)), expires_after=timedelta(hours=1))
    run = plan(campaign)
    move(timedelta(hours=2))
    dispatch()
    finish_runs(clock.now())
    assert smtp_sink.messages == []
    assert outcomes() == {"expired": 3}
    run.refresh_from_db()
    assert run.state == CampaignRun.State.FINISHED


def test_in_quiet_hours_a_message_waits_for_the_customers_morning(smtp_sink: SmtpSink) -> None:
    shop.quiet_hours_of[Channel.EMAIL].set("21:00-09:00")
    here = customers(1, zone="Asia/Shanghai")
    there = customers(1, zone="Europe/Berlin")
    nowhere = customers(1, zone="Mars/Olympus")
    ten_at_night = datetime(2027, 1, 15, 14, tzinfo=UTC)  # 22:00 in Shanghai, 15:00 in Berlin
    move_to(ten_at_night)
    campaign = draft(segment_of(here + there + nowhere))
    plan(campaign)
    dispatch()
    assert recipients(smtp_sink) == addresses(there)
    waiting = Delivery.objects.filter(state="queued").values_list("customer_id", "due_at")
    nine = datetime(2027, 1, 16, 1, tzinfo=UTC)
    assert dict(waiting) == {here[0]: nine, nowhere[0]: nine}
    move_to(nine + timedelta(minutes=1))
    dispatch()
    assert outcomes() == {"sent": 3}


def test_due_in_the_day_but_claimed_at_night_it_waits_again(smtp_sink: SmtpSink) -> None:
    shop.quiet_hours_of[Channel.EMAIL].set("21:00-09:00")
    noon = datetime(2027, 1, 15, 4, tzinfo=UTC)
    move_to(noon)
    plan(draft(segment_of(customers(2))))
    move_to(noon + timedelta(hours=11))
    dispatch()
    assert outcomes() == {"queued": 2}
    assert {batch.state for batch in Batch.objects.all()} == {"done", "waiting"}
    move_to(noon + timedelta(hours=21, minutes=1))
    dispatch()
    assert outcomes() == {"sent": 2}


def test_a_service_message_needs_no_consent_knows_no_cap_and_goes_once(smtp_sink: SmtpSink) -> None:
    (mei,) = customers(1)
    give_consent([mei], "care")
    send(draft(segment_of([mei])))
    for _again in range(2):
        queue(
            customer_id=mei,
            kind="reply",
            key="reply:7",
            subject="Re: hello {{",
            body="Dear <you>,\n\nyes.",
            now=clock.now(),
        )
    dispatch(service=True)
    mail = smtp_sink.messages[-1]
    assert len(smtp_sink.messages) == 2
    assert (mail["Subject"], mail["To"]) == ("Re: hello {{", f"c{mei}@example.com")
    assert mail["List-Unsubscribe"] is None
    text, html = (part.get_content() for part in mail.iter_parts())
    assert text == "Dear <you>,\n\nyes.\n"
    assert '<div style="white-space:pre-line">Dear &lt;you&gt;,\n\nyes.</div>' in html


def test_a_service_message_to_nobody_reachable_says_so() -> None:
    (lin,) = customers(1, contact=False)
    delivery = queue(customer_id=lin, kind="reply", key="reply:8", subject="a", body="b", now=clock.now())
    assert (delivery.state, delivery.reason) == ("skipped", "unreachable")
