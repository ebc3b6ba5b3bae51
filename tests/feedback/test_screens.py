"""The inbox and the page of a conversation: what they show, what they let happen, what they refuse."""

import uuid

import pytest
from django.urls import reverse

from config.kit import clock
from feedback.models import Conversation, Message
from feedback.services.conversations import Opening, customer_message, open_conversation, reply
from tests.feedback.conftest import MINUTE, make_customer
from tests.operators import logged_in, operator
from users.models import Role, Standing

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(alice):
    Standing.objects.create(customer=alice)
    opening = Opening("Sleeve", "The sleeve is torn. <script>alert(1)</script>", kind="complaint")
    return open_conversation(alice, opening, now=clock.now())


def inbox(client, **query):
    return client.get(reverse("feedback:inbox"), query).content.decode()


def address(conversation):
    return reverse("feedback:conversation", args=[conversation.key])


def said(conversation):
    return list(
        Message.objects.filter(conversation_key=conversation.key)
        .order_by("at")
        .values_list("text", "is_note")
    )


def test_the_inbox_shows_who_waits_the_longest_first(asked, bob, susan):
    older = open_conversation(bob, Opening("Opening hours", "When?"), now=clock.now() - 60 * MINUTE)
    page = inbox(logged_in())
    assert page.index("Opening hours") < page.index("Sleeve")
    reply(older, "At nine.", seen=1, key="r", by=susan, now=clock.now())
    assert "Opening hours" not in inbox(logged_in())
    assert "Opening hours" in inbox(logged_in(), state="answered")
    assert "Opening hours" in inbox(logged_in(), state="all")


def test_filters_live_in_the_url(asked, bob, susan):
    open_conversation(bob, Opening("Opening hours", "When?"), now=clock.now())
    client = logged_in()
    assert "Opening hours" not in inbox(client, kind="complaint")
    assert "Sleeve" in inbox(client, kind="complaint", assignee="nobody")
    assert "Sleeve" not in inbox(client, assignee="me")
    Conversation.objects.filter(key=asked.key).update(reply_due_at=clock.now() - MINUTE)
    late = inbox(client, due="late")
    assert "Sleeve" in late
    assert "late by" in late
    assert "Opening hours" not in late
    assert "Sleeve" in inbox(client, kind="nonsense")


def test_the_list_pages_without_counting(db, django_assert_max_num_queries):
    for n in range(55):
        customer = make_customer(f"c{n}", name=f"Customer {n}")
        open_conversation(customer, Opening(f"Matter {n}.", "?"), now=clock.now() + n * MINUTE)
    client = logged_in()
    with django_assert_max_num_queries(14):
        first = client.get(reverse("feedback:inbox"))
    table = first.context["table"]
    second = inbox(client, cursor=table.next)
    assert "Matter 0." in first.content.decode()
    assert "Matter 54." in second
    assert "Matter 0." not in second


def test_an_operator_answers_and_notes(asked):
    client = logged_in(Role.SUPPORT)
    page = client.get(address(asked))
    assert "The sleeve is torn. &lt;script&gt;" in page.content.decode()
    assert page.context["seen"] == 1
    answer = {"act": "reply", "text": "A new one is on its way.", "seen": "1", "key": "k1"}
    for _ in range(2):
        assert client.post(address(asked), answer).status_code == 302
    client.post(address(asked), {"act": "note", "text": "Check the stock.", "key": "k2"})
    assert said(asked)[1:] == [("A new one is on its way.", False), ("Check the stock.", True)]
    assert Conversation.objects.get().assignee == operator(Role.SUPPORT)
    assert "note for colleagues" in client.get(address(asked)).content.decode()


def test_an_answer_that_came_too_late_is_kept_in_the_form(asked):
    client = logged_in(Role.SUPPORT)
    customer_message(asked, "Found it.", key="m2", now=clock.now())
    answer = client.post(address(asked), {"act": "reply", "text": "Send it back.", "seen": "1", "key": "k1"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Something new was said while you were writing." in page
    assert "Send it back." in page
    assert "Found it." in page
    assert len(said(asked)) == 2


def test_assigning_solving_and_reopening(asked, susan):
    client = logged_in(Role.SUPPORT)
    client.post(address(asked), {"act": "assign", "assignee": str(susan.pk)})
    client.post(address(asked), {"act": "solve"})
    row = Conversation.objects.get()
    assert (row.assignee, row.state) == (susan, "solved")
    again = client.post(address(asked), {"act": "solve"})
    assert "This conversation is solved already." in again.content.decode()
    client.post(address(asked), {"act": "reopen"})
    assert Conversation.objects.get().state == "waiting"


def test_only_those_who_serve_customers_may_answer(asked):
    for role in (Role.READ_ONLY, Role.ANALYST, Role.OPERATOR):
        client = logged_in(role)
        page = client.get(address(asked))
        assert page.status_code == 200
        assert "Answer the customer" not in page.content.decode()
        assert client.post(address(asked), {"act": "reply", "text": "x", "seen": "1"}).status_code == 403
    assert len(said(asked)) == 1


def test_an_unknown_conversation_and_an_unknown_button_are_refused(asked):
    client = logged_in()
    assert client.get(reverse("feedback:conversation", args=[uuid.uuid4()])).status_code == 404
    assert client.post(address(asked), {"act": "burn"}).status_code == 302
    assert Conversation.objects.get().state == "waiting"


def test_home_and_customer_page_show_conversations(asked, alice):
    client = logged_in()
    home = client.get(reverse("users:home"), {"panel": "all"}).content.decode()
    assert "Waiting conversations" in home
    assert "Alice · Sleeve" in home
    assert (
        "Sleeve" in client.get(reverse("users:customer", args=[alice.pk]), {"panel": "all"}).content.decode()
    )
