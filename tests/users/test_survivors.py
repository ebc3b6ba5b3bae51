"""Acts that chose a customer just before a join: whoever comes first, no row stays with the absorbed one."""

import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from config.kit.refusal import NotFound
from feedback.services.conversations import Opening, open_conversation
from growth.models import EntryKind
from growth.services.check_in import check_in
from growth.services.earn import grant
from growth.services.spend import spend
from tests.clock import move_to
from tests.operators import operator
from tests.settling import apply_everything
from tests.users.door import customer, send, visit
from users.models import Customer, CustomerAlias, Outbox
from users.seed import seed
from users.services import consent, joining, survivors, tags

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _shop() -> None:
    seed()
    move_to(NOON)


def say_no(who: Customer) -> None:
    consent.answer(
        customer_id=who.pk, channel="email", topic="news", granted=False, key="k", given_at=NOON, source="t",
        now=NOON,
    )  # fmt: skip


ACTS: dict[str, Callable[[Customer], Any]] = {
    "consent": say_no,
    "tag": lambda who: tags.put_on(who, "fan", by=operator(), now=NOON),
    "check-in": lambda who: check_in(who, now=NOON),
    "spend": lambda who: spend(who.pk, 5, key="s", now=NOON),
    "conversation": lambda who: open_conversation(who, Opening("Hello", "A question"), now=NOON),
}
# What may name a customer who is gone: the alias itself, what waits to be handled, what was done long ago.
LEADS = {"CustomerAlias", "Outbox", "Touched", "AuditEntry", "IdempotencyRecord"}


def left_with(customer_id: int) -> list[str]:
    """Tables in which rows of that customer id are left."""
    found = []
    for model in apps.get_models():
        named = {f.attname for f in model._meta.concrete_fields} & {"customer_id"}
        own = model.__name__ in ("Customer", "Balance", "CustomerLevel", "Attention")
        if model.__name__ in LEADS or not (named or own):
            continue
        rows = model._default_manager.filter(**{"customer_id" if named else "pk": customer_id})
        if model.__name__ == "Balance":
            rows = rows.exclude(pending=0, active=0, debt=0)
        if model.__name__ == "Entry":
            rows = rows.none()  # the ledger is not rewritten: a transfer takes the points over
        if rows.exists():
            found.append(model.__name__)
    return found


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("first", ["act", "join"])
def test_nothing_stays_with_the_absorbed_customer(name: str, first: str) -> None:
    send(visit(at=NOON, user="alice"), visit(at=NOON, anonymous="browser"))
    alice = customer("alice")
    stale = Customer.objects.exclude(pk=alice.pk).get()  # read before the join, used after it
    grant(stale.pk, 50, key="g", kind=EntryKind.ADJUST, now=NOON)
    operator()
    done, problems = threading.Event(), []

    def other(act: Callable[[], Any]) -> None:
        try:
            act()
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()
            done.set()

    def join() -> None:
        joining.join(alice.pk, stale.pk, now=NOON, cause="hand")

    mine, theirs = (lambda: ACTS[name](stale)), join
    if first == "join":
        mine, theirs = join, mine
    with transaction.atomic():
        mine()
        thread = threading.Thread(target=other, args=(theirs,))
        thread.start()
        assert not done.wait(0.3)  # it waits for us: our customer is held
    thread.join(20)
    assert problems == []
    apply_everything()
    assert CustomerAlias.objects.get().customer_id == alice.pk
    assert left_with(stale.pk) == []


def test_holding_follows_chains_and_refuses_nobody() -> None:
    send(*(visit(at=NOON, anonymous=name) for name in "abc"))
    a, b, c = Customer.objects.order_by("pk").values_list("pk", flat=True)
    joining.join(b, c, now=NOON, cause="hand")
    joining.join(a, b, now=NOON, cause="hand")
    with transaction.atomic():
        assert survivors.hold([a, b, c, 999]) == {a: a, b: a, c: a}
        with pytest.raises(NotFound):
            survivors.hold_one(999)
    assert [survivors.survivor_of(one) for one in (a, b, c)] == [a, a, a]


def test_what_committed_after_the_handlers_is_moved_by_a_second_look() -> None:
    send(visit(at=NOON, user="alice"), visit(at=NOON, anonymous="browser"))
    alice = customer("alice")
    stale = Customer.objects.exclude(pk=alice.pk).get()
    joining.join(alice.pk, stale.pk, now=NOON, cause="hand")
    apply_everything()
    from feedback.models import Conversation

    Conversation.objects.create(
        customer_id=stale.pk, key=uuid.uuid4(), subject="Late", kind="question", origin="api", state="waiting",
        opened_at=NOON, waiting_since=NOON, first_reply_due_at=NOON, reply_due_at=NOON, last_message_at=NOON,
    )  # fmt: skip
    later = move_to(NOON + joining.AGAIN_AFTER * 2)
    assert joining.look_again(later) == Outbox.objects.count() > 0
    assert joining.look_again(later) == 0
    apply_everything()
    assert Conversation.objects.get().customer_id == alice.pk
