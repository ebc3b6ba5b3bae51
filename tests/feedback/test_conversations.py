"""A conversation from its first message to its end, and what is refused on the way."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from config.kit.refusal import Conflict, NotFound, Refusal
from feedback import event_handlers
from feedback.models import BusinessCalendar, Conversation, Message
from feedback.services.conversations import (
    MAX_TEXT,
    Opening,
    assign,
    customer_message,
    note,
    of_customer,
    open_conversation,
    reopen,
    reply,
    solve,
)
from tests.feedback.conftest import MINUTE, T0
from users import facts
from users.handlers import Fact
from users.models import AuditEntry, Touched

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(alice):
    return open_conversation(alice, Opening("Sleeve", "The sleeve is torn."), now=T0)


def fresh(conversation):
    return Conversation.objects.get(pk=conversation.pk)


def seen_of(conversation):
    return Message.objects.filter(conversation_key=conversation.key).count()


def acts():
    return list(AuditEntry.objects.order_by("pk").values_list("act", flat=True))


def test_a_question_waits_and_has_a_due_time(asked, alice):
    assert (asked.state, asked.waiting_since, asked.reply_due_at) == ("waiting", T0, T0 + 60 * MINUTE)
    assert asked.first_reply_due_at == asked.reply_due_at
    message = Message.objects.get()
    assert (message.text, message.from_customer, message.is_note) == ("The sleeve is torn.", True, False)
    assert Touched.objects.filter(customer=alice, topic="feedback").exists()
    assert (asked.is_late(T0 + 60 * MINUTE), asked.is_late(T0 + 61 * MINUTE)) == (False, True)
    assert list(Conversation.objects.late(T0 + 61 * MINUTE)) == [asked]


def test_opening_with_a_key_twice_opens_once(alice, bob):
    opening = Opening("Sleeve", "Torn", key=uuid.uuid4())
    first, second = (open_conversation(alice, opening, now=T0) for _ in range(2))
    assert first.pk == second.pk
    assert Message.objects.count() == 1
    with pytest.raises(NotFound):
        open_conversation(bob, opening, now=T0)


@pytest.mark.parametrize(("text", "code"), [(" \n", "text_missing"), ("x" * (MAX_TEXT + 1), "text_too_long")])
def test_nothing_and_too_much_are_refused(alice, asked, susan, text, code):
    for act in (
        lambda: open_conversation(alice, Opening("S", text), now=T0),
        lambda: customer_message(asked, text, key="m", now=T0),
        lambda: reply(asked, text, seen=seen_of(asked), key="r", by=susan, now=T0),
        lambda: note(asked, text, key="n", by=susan, now=T0),
    ):
        with pytest.raises(Refusal) as refusal:
            act()
        assert (refusal.value.code, refusal.value.field) == (code, "text")
    assert Message.objects.count() == 1


def test_an_answer_ends_the_wait_and_takes_the_conversation(asked, susan):
    reply(asked, "A new one is on its way.", seen=seen_of(asked), key="r1", by=susan, now=T0 + 5 * MINUTE)
    row = fresh(asked)
    assert (row.state, row.waiting_since, row.reply_due_at) == ("answered", None, None)
    assert (row.first_replied_at, row.assignee) == (T0 + 5 * MINUTE, susan)
    assert acts() == ["conversation.reply"]


def test_sending_an_answer_twice_sends_it_once(asked, susan):
    seen = seen_of(asked)
    for _ in range(2):
        reply(asked, "On its way.", seen=seen, key="r1", by=susan, now=T0 + MINUTE)
    assert Message.objects.filter(from_customer=False).count() == 1


def test_two_operators_do_not_answer_past_each_other(asked, susan, sam):
    seen = seen_of(asked)
    reply(asked, "I send a new one.", seen=seen, key="r1", by=susan, now=T0 + MINUTE)
    with pytest.raises(Conflict) as refusal:
        reply(asked, "Send it back.", seen=seen, key="r2", by=sam, now=T0 + 2 * MINUTE)
    assert refusal.value.code == "something_new"
    assert Message.objects.count() == 2


def test_an_answer_to_what_the_customer_has_meanwhile_added_is_refused(asked, susan):
    seen = seen_of(asked)
    customer_message(asked, "Found it, all fine.", key="m2", now=T0 + MINUTE)
    with pytest.raises(Conflict):
        reply(asked, "Send it back.", seen=seen, key="r1", by=susan, now=T0 + 2 * MINUTE)
    assert fresh(asked).waiting_since == T0


def test_a_further_message_waits_anew_and_reopens_what_was_solved(asked, susan):
    solve(asked, by=susan, now=T0 + MINUTE)
    assert (fresh(asked).state, fresh(asked).solved_at) == ("solved", T0 + MINUTE)
    for _ in range(2):
        customer_message(asked, "Torn again.", key="m2", now=T0 + 10 * MINUTE)
    row = fresh(asked)
    assert (row.state, row.waiting_since, row.solved_at) == ("waiting", T0 + 10 * MINUTE, None)
    assert row.reply_due_at == T0 + 70 * MINUTE
    assert row.first_reply_due_at == T0 + 60 * MINUTE
    assert Message.objects.count() == 2


def test_notes_change_nothing_for_the_customer(asked, susan):
    note(asked, "Check the stock.", key="n1", by=susan, now=T0 + MINUTE)
    assert (fresh(asked).state, fresh(asked).last_message_at) == ("waiting", T0)
    assert Message.objects.get(key="n1").is_note


def test_solving_and_reopening_in_the_wrong_state_is_refused(asked, susan):
    with pytest.raises(Conflict) as refusal:
        reopen(asked, by=susan, now=T0)
    assert refusal.value.code == "not_solved"
    solve(asked, by=susan, now=T0)
    with pytest.raises(Conflict) as refusal:
        solve(asked, by=susan, now=T0)
    assert refusal.value.code == "already_solved"
    assert reopen(asked, by=susan, now=T0 + MINUTE).waiting_since == T0 + MINUTE
    assert acts() == ["conversation.solve", "conversation.reopen"]


def test_assigning_is_audited_with_before_and_after(asked, susan, sam):
    assign(asked, susan, by=sam)
    assign(asked, None, by=sam)
    entries = (
        AuditEntry.objects.filter(act="conversation.assign").order_by("pk").values_list("before", "after")
    )
    assert list(entries) == [
        ({"assignee": None}, {"assignee": "Susan"}),
        ({"assignee": "Susan"}, {"assignee": None}),
    ]


def test_somebody_elses_conversation_is_not_found(asked, alice, bob):
    assert of_customer(alice.pk, asked.key) == asked
    with pytest.raises(NotFound):
        of_customer(bob.pk, asked.key)
    with pytest.raises(NotFound):
        of_customer(alice.pk, uuid.uuid4())


def test_without_a_calendar_nothing_is_due(alice):
    BusinessCalendar.objects.all().delete()
    assert open_conversation(alice, Opening("", "Hello"), now=T0).reply_due_at is None
    assert Conversation.objects.get().subject == "Hello"


@pytest.mark.django_db(transaction=True)
def test_ten_operators_answer_at_once_one_gets_through(alice, susan):
    asked = open_conversation(alice, Opening("Sleeve", "Torn"), now=T0)
    seen, gate = seen_of(asked), threading.Barrier(10)

    def answer(number: int) -> str:
        try:
            connection.ensure_connection()
            gate.wait()
            return reply(asked, "Yes", seen=seen, key=f"r{number}", by=susan, now=T0 + MINUTE).text
        except Conflict as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        answers = sorted(pool.map(answer, range(10)))
    assert answers == ["Yes", *["something_new"] * 9]


def test_a_joined_customer_takes_the_conversations_along(asked, alice, bob, susan):
    reply(asked, "On its way.", seen=1, key="r1", by=susan, now=T0 + MINUTE)
    fact = Fact(bob.pk, "join", facts.CUSTOMERS_JOINED, T0, T0, True, {"absorbed": alice.pk})
    for _ in range(2):
        event_handlers.join(fact)
    moved = of_customer(bob.pk, asked.key)
    assert (moved.state, moved.assignee) == ("answered", susan)
    assert set(Message.objects.values_list("customer_id", "conversation_key")) == {(bob.pk, asked.key)}
    assert not Conversation.objects.filter(customer=alice).exists()
