"""Erasures beside intake, a join and a campaign: whoever comes second finds the person gone, or is waited for."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from campaigns.models import Delivery
from campaigns.services.dispatch import dispatch
from config.kit import clock
from config.kit.refusal import Refusal
from tests.campaigns.acts import outcomes, plan
from tests.campaigns.audience import customers, draft, segment_of
from tests.sinks import SmtpSink
from tests.users.door import customer, hand_in, send, visit, visitor
from users.models import Customer, ErasedIdentity, Erasure, Event, Identity
from users.seed import seed
from users.services import erase, erased, joining
from users.services.intake import apply_waiting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _clean(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    settings.SINK_DIR = tmp_path / "sink"
    seed()


@contextmanager
def meanwhile(act: Callable[[], Any]) -> Iterator[None]:
    """While the block holds its transaction, ``act`` runs on another connection and has to wait for it."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        yield
        thread.start()
        thread.join(0.7)
        assert thread.is_alive(), "it did not wait"
    thread.join(20)
    assert not thread.is_alive()


def erase_now(who: int) -> None:
    erase.erase(who, by=None, now=clock.now())


def refused(who: int) -> None:
    with pytest.raises(Refusal):
        erase_now(who)


def test_intake_that_waited_for_an_erasure_turns_the_items_away() -> None:
    now = clock.now()
    send(visit(at=now, user="alice"))
    alice = customer("alice").pk

    def work() -> None:
        hand_in(visit(at=now, user="alice"))
        apply_waiting(1)

    with meanwhile(work):
        erase_now(alice)
    assert Customer.objects.living().count() == 0
    assert not Event.objects.exists()
    assert ErasedIdentity.objects.get(refused=1).digest == erased.digest(("user_id", "alice"))


def test_a_join_is_waited_for_and_both_are_erased() -> None:
    now = clock.now()
    send(visit(at=now, user="alice"), visit(at=now, anonymous="device"))
    alice, device = customer("alice").pk, visitor("device").pk
    with meanwhile(lambda: erase_now(device)):  # by the number that the join takes away
        joining.join(alice, device, now=now, cause="hand")
    assert Erasure.objects.get().customer_id == alice
    assert not Identity.objects.exists()
    assert {erased.digest(("user_id", "alice")), erased.digest(("anonymous_id", "device"))} == set(
        ErasedIdentity.objects.values_list("digest", flat=True)
    )


def test_two_erasures_of_one_person_are_one() -> None:
    send(visit(at=clock.now(), user="alice"))
    alice = customer("alice").pk
    with meanwhile(lambda: refused(alice)):
        erase_now(alice)
    assert Erasure.objects.count() == 1


def test_a_message_that_waits_is_skipped_and_its_address_is_gone(smtp_sink: SmtpSink) -> None:
    alice, bob = customers(2)
    campaign = draft(segment_of([alice, bob]))
    plan(campaign)
    with meanwhile(dispatch):
        erase_now(alice)
    assert [str(mail["To"]) for mail in smtp_sink.messages] == [f"c{bob}@example.com"]
    assert outcomes(campaign) == {"sent": 1, "erased": 1}
    assert Delivery.objects.get(customer=alice).contact == ""


def test_an_erasure_waits_for_a_claim_and_empties_what_it_wrote() -> None:
    (alice,) = customers(1)
    plan(draft(segment_of([alice])))
    with meanwhile(lambda: erase_now(alice)), connection.cursor() as cursor:
        cursor.execute("INSERT INTO campaigns_attention VALUES (%s) ON CONFLICT DO NOTHING", [alice])
        cursor.execute("SELECT 1 FROM campaigns_attention WHERE customer_id = %s FOR UPDATE", [alice])
        Delivery.objects.update(contact="late@example.com", state="sending")
    assert Delivery.objects.get().contact == ""
