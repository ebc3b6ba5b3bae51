"""Answers go out by mail, each exactly once; notes and the customer's own words never."""

import pytest

from campaigns.models import Delivery, SkipReason
from campaigns.suppression import suppressed
from config.kit import clock
from feedback import tasks
from feedback.models import Message
from feedback.services import mailing
from feedback.services.conversations import Opening, note, open_conversation, reply, solve
from segments.registry import collections, sources
from tests.feedback.conftest import MINUTE, T0
from users import facts
from users.models import ContactPoint, Customer, Event, Standing

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailed(alice):
    """Alice can be reached by mail."""
    ContactPoint.objects.create(
        customer=alice, channel="email", address="alice@example.com", state="verified", confirmed=True,
        added_at=T0, changed_at=T0,
    )  # fmt: skip
    return alice


def answered(customer, susan, text="On its way."):
    asked = open_conversation(customer, Opening("Sleeve", "Torn"), now=T0)
    note(asked, "Secret", key="n", by=susan, now=T0)
    reply(asked, text, seen=2, key="r", by=susan, now=T0 + MINUTE)
    return asked


def test_an_answer_is_queued_once_however_often_the_job_runs(mailed, susan):
    asked = answered(mailed, susan)
    for _ in range(3):
        tasks.mail_replies(nudged=True)
    delivery = Delivery.objects.get()
    assert (delivery.customer_id, delivery.contact, delivery.state) == (
        mailed.pk,
        "alice@example.com",
        "queued",
    )
    assert delivery.occasion == f"reply:{asked.key}:r"
    assert delivery.variables == {"subject": "Answer to: Sleeve", "body": "On its way."}
    assert Message.objects.get(key="r").mailed_at is not None
    assert not Message.objects.exclude(key="r").filter(mailed_at__isnull=False).exists()


def test_a_lost_mark_does_not_mail_twice(mailed, susan):
    answered(mailed, susan)
    mailing.mail_replies(T0)
    Message.objects.update(mailed_at=None)
    mailing.mail_replies(T0)
    assert Delivery.objects.count() == 1


def test_somebody_without_an_address_is_skipped_with_the_reason(alice, susan):
    answered(alice, susan)
    mailing.mail_replies(clock.now())
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason) == ("skipped", SkipReason.UNREACHABLE)


def test_an_open_complaint_keeps_promotions_away_until_it_is_solved(alice, bob, susan):
    complaint = open_conversation(alice, Opening("Torn", "Torn", kind="complaint"), now=T0)
    open_conversation(bob, Opening("When", "When do you open?"), now=T0)
    assert suppressed([alice.pk, bob.pk]) == {alice.pk: SkipReason.OPEN_COMPLAINT}
    reply(complaint, "Sorry!", seen=1, key="r", by=susan, now=T0)
    assert suppressed([alice.pk, bob.pk]) == {alice.pk: SkipReason.OPEN_COMPLAINT}
    solve(complaint, by=susan, now=T0)
    assert suppressed([alice.pk, bob.pk]) == {}


def test_rules_may_ask_for_open_complaints(alice, bob, susan):
    complaint = open_conversation(alice, Opening("Torn", "Torn", kind="complaint"), now=T0)
    open_conversation(bob, Opening("When", "When do you open?"), now=T0)
    with_complaint = Customer.objects.filter(collections["open_conversations"].has(["complaint"]))
    assert list(with_complaint) == [alice]
    assert set(Customer.objects.filter(collections["conversation_states"].has(["waiting"]))) == {alice, bob}
    solve(complaint, by=susan, now=T0)
    assert list(with_complaint.all()) == []
    assert "conversations" in sources


def test_what_a_customer_writes_counts_as_activity(alice, susan):
    Standing.objects.create(customer=alice)
    asked = answered(alice, susan)
    event = Event.objects.get(message_id__startswith="reply:")
    assert (event.type.name, event.message_id) == (facts.REPLIED, f"reply:{asked.key}:first")
    assert Standing.objects.get(pk=alice.pk).stage == "new"
