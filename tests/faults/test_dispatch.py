"""Promises 1, 2 and 7 of sending, with real processes that are killed and a mail server that counts."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from django.db import connection

from campaigns import shop
from campaigns.models import Attempt, Batch, Campaign, Delivery
from campaigns.services import campaigns
from campaigns.services.claim import WINDOW, claim_batch, renew
from campaigns.services.dispatch import dispatch, free_dead_leases, put_down
from campaigns.services.finish import finish_runs
from config.kit import clock
from config.kit.batches import execute
from tests.campaigns.acts import outcome_of, outcomes, plan
from tests.campaigns.audience import customers, draft, segment_of, take_consent
from tests.clock import move
from tests.faults.dispatcher import kill, start_dispatcher
from tests.sinks import SmtpSink
from users.seed import seed

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def reference_rows(transactional_db: None) -> None:
    seed()


@pytest.fixture
def luck() -> Iterator[random.Random]:
    """Random numbers whose seed is shown when the test fails."""
    number = random.SystemRandom().randrange(10**6)
    print(f"seed {number}")  # noqa: T201 - pytest shows it beside the failure
    yield random.Random(number)


def received(sink: SmtpSink) -> Counter[str]:
    return Counter(envelope.rcpt_tos[0] for envelope in sink.envelopes)


def run_out_leases() -> None:
    """What a minute of waiting does."""
    execute(
        "UPDATE campaigns_batch SET lease_until = clock_timestamp() - interval '1 second' WHERE state = 'leased'"
    )


def wait_for(sink: SmtpSink, messages: int) -> None:
    until = time.monotonic() + 15
    while len(sink.envelopes) < messages and time.monotonic() < until:
        time.sleep(0.005)


def test_killed_again_and_again_it_never_sends_twice_and_never_lies(
    smtp_sink: SmtpSink, luck: random.Random
) -> None:
    ids = customers(1_500)
    plan(draft(segment_of(ids)))
    kills = 12
    for _kill in range(kills):
        before = len(smtp_sink.envelopes)
        dispatcher = start_dispatcher()
        wait_for(smtp_sink, before + luck.randrange(1, 100))
        kill(dispatcher)
        run_out_leases()
    dispatch(seconds=30)
    finish_runs(clock.now())
    got = received(smtp_sink)
    assert max(got.values()) == 1
    states = dict(Delivery.objects.values_list("contact", "state"))
    sent = {address for address, state in states.items() if state == "sent"}
    unknown = {address for address, state in states.items() if state == "unknown"}
    assert sent <= set(got)  # nothing is called sent that was not accepted
    assert set(got) <= sent | unknown  # and nothing accepted is called anything else
    assert len(sent) + len(unknown) == 1_500
    assert len(unknown) <= kills * WINDOW
    assert Batch.objects.exclude(state="done").count() == 0
    assert Campaign.objects.get().state == "finished"


def test_two_dispatchers_with_different_batches_hold_a_cap_of_one(smtp_sink: SmtpSink) -> None:
    ids = customers(400)
    segment = segment_of(ids)
    first, second = draft(segment, "First"), draft(segment, "Second")
    plan(first)
    plan(second)
    # Due at different times and equal in rank: each would find room if it did not look under lock.
    dispatchers = [start_dispatcher(seconds=15) for _number in range(2)]
    wait_for(smtp_sink, 400)
    until = time.monotonic() + 10
    while {"queued", "sending"} & set(outcomes()) and time.monotonic() < until:
        time.sleep(0.1)
    for dispatcher in dispatchers:
        kill(dispatcher)
    assert received(smtp_sink) == Counter({f"c{pk}@example.com": 1 for pk in ids})
    assert sum(outcomes().values()) == 800
    assert outcomes()["sent"] == 400


def test_a_flushed_redis_changes_nothing(smtp_sink: SmtpSink, redis_client: redis.Redis) -> None:
    plan(draft(segment_of(customers(600))))
    dispatcher = start_dispatcher()
    wait_for(smtp_sink, 100)
    redis_client.flushall()
    wait_for(smtp_sink, 600)
    time.sleep(0.3)
    kill(dispatcher)
    run_out_leases()
    dispatch()
    assert received(smtp_sink).total() == 600
    assert outcomes() in ({"sent": 600}, {"sent": 550, "unknown": 50})


def test_opting_out_in_mid_send_holds_from_the_next_window(smtp_sink: SmtpSink) -> None:
    ids = customers(500)
    campaign = draft(segment_of(ids))
    plan(campaign)
    dispatcher = start_dispatcher()
    wait_for(smtp_sink, 20)
    take_consent(ids[-1])
    told_at = len(smtp_sink.envelopes)
    wait_for(smtp_sink, 499)
    time.sleep(0.3)
    kill(dispatcher)
    assert told_at < 500 - 2 * WINDOW
    assert received(smtp_sink)[f"c{ids[-1]}@example.com"] == 0
    assert outcome_of(ids[-1], campaign) == "no_consent"


@pytest.mark.parametrize("stop", ["pause", "cancel"])
def test_stopping_in_mid_send_takes_effect_within_a_window(smtp_sink: SmtpSink, stop: str) -> None:
    campaign = draft(segment_of(customers(1_200)))
    plan(campaign)
    dispatcher = start_dispatcher()
    wait_for(smtp_sink, 60)
    getattr(campaigns, stop)(campaign.pk, by=None)
    told_at = len(smtp_sink.envelopes)
    time.sleep(1.5)
    kill(dispatcher)
    assert len(smtp_sink.envelopes) <= told_at + 2 * WINDOW
    run_out_leases()
    dispatch()
    if stop == "cancel":
        finish_runs(clock.now())
        sent = len(smtp_sink.envelopes)
        assert outcomes() == {"sent": sent, "cancelled": 1_200 - sent}
    else:
        assert outcomes()["queued"] == 1_200 - len(smtp_sink.envelopes)
        campaigns.resume(campaign.pk, by=None)
        dispatch(seconds=30)
        assert outcomes() == {"sent": 1_200}
    assert max(received(smtp_sink).values()) == 1


def test_a_dispatcher_that_outlived_its_lease_gives_way(smtp_sink: SmtpSink) -> None:
    plan(draft(segment_of(customers(10))))
    slow = claim_batch(service=False, now=clock.now())
    assert slow is not None
    run_out_leases()
    assert free_dead_leases() == 1
    quick = claim_batch(service=False, now=clock.now())
    assert quick is not None
    assert renew(slow) is False
    assert renew(quick) is True
    put_down(slow)
    assert Batch.objects.get().state == "leased"


def test_a_server_that_is_down_opens_the_circuit_and_everything_is_sent_later(
    smtp_sink: SmtpSink, settings: object
) -> None:
    plan(draft(segment_of(customers(1_600))))
    port = smtp_sink.port
    settings.EMAIL_PORT = 1  # type: ignore[attr-defined]
    done = dispatch()
    assert done.batches == 3  # then nobody tries for a while
    assert done.accepted == 0
    settings.EMAIL_PORT = port  # type: ignore[attr-defined]
    assert dispatch().batches == 0
    execute("UPDATE campaigns_channelhealth SET open_until = clock_timestamp()")
    move(timedelta(minutes=1))
    dispatch(seconds=30)
    assert outcomes() == {"sent": 1_600}
    assert max(received(smtp_sink).values()) == 1


def test_a_server_that_says_later_is_asked_later_and_one_that_says_no_is_believed(
    smtp_sink: SmtpSink,
) -> None:
    plan(draft(segment_of(customers(2))))
    smtp_sink.answer = "451 later"
    dispatch()
    assert outcomes() == {"queued": 2}
    smtp_sink.answer = "550 never"
    move(timedelta(minutes=2))
    dispatch()
    assert outcomes() == {"failed": 2}
    customer_id = Delivery.objects.values_list("customer_id").order_by("customer_id")[:1]
    errors = (
        Attempt.objects.filter(customer_id=customer_id)
        .order_by("number")
        .values_list("number", "state", "error")
    )
    assert list(errors) == [(1, "failed", "451 later"), (2, "failed", "550 never")]


def test_the_speed_limit_is_shared(smtp_sink: SmtpSink) -> None:
    shop.email_per_second.set(40)
    plan(draft(segment_of(customers(120))))
    started = time.monotonic()
    threads = [threading.Thread(target=_dispatch_and_close) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1.9 <= time.monotonic() - started <= 6
    assert outcomes() == {"sent": 120}


def _dispatch_and_close() -> None:
    try:
        dispatch()
    finally:
        connection.close()
