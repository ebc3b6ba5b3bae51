"""Conversations over HTTP: a shopper's own, and those that the shop's back end brings."""

import uuid

import pytest
from django.test import Client

from config.kit import clock
from feedback.models import Conversation, Message
from feedback.services.conversations import note, reply, solve
from tests.callers import known, server, shopper

pytestmark = pytest.mark.django_db

ASKED = {"subject": "Sleeve", "kind": "complaint", "text": "The sleeve is torn."}


def test_a_shopper_asks_and_reads_the_answer(alice, susan):
    caller = shopper(alice)
    opened = caller.tell("me/conversations", ASKED, once="a")
    assert opened.status_code == 201
    conversation = Conversation.objects.get()
    assert (conversation.kind, conversation.origin, conversation.state) == ("complaint", "widget", "waiting")
    note(conversation, "Check the stock.", key="n", by=susan, now=clock.now())
    reply(conversation, "A new one is on its way.", seen=2, key="r", by=susan, now=clock.now())
    read = caller.ask(f"me/conversations/{opened.json()['id']}").json()
    assert [(said["sender"], said["text"]) for said in read["messages"]] == [
        ("customer", "The sleeve is torn."),
        ("shop", "A new one is on its way."),
    ]
    assert read["state"] == "answered"
    assert "Check the stock" not in str(read)


def test_asking_twice_with_one_key_asks_once(alice):
    caller = shopper(alice)
    first, again = (caller.tell("me/conversations", ASKED, once="a") for _ in range(2))
    assert first.json() == again.json()
    assert Conversation.objects.count() == 1
    assert caller.tell("me/conversations", ASKED | {"text": "Other"}, once="a").status_code == 422
    assert caller.post("/api/v1/me/conversations", ASKED, content_type="application/json").status_code == 400


def test_writing_again_reopens(alice, susan):
    caller = shopper(alice)
    address = f"me/conversations/{caller.tell('me/conversations', ASKED, once='a').json()['id']}"
    solve(Conversation.objects.get(), by=susan, now=clock.now())
    for _ in range(2):
        said = caller.tell(f"{address}/messages", {"text": "Torn again."}, once="b")
    assert (said.status_code, said.json()["text"]) == (201, "Torn again.")
    assert Message.objects.count() == 2
    assert caller.ask(address).json()["state"] == "waiting"


def test_the_list_holds_only_ones_own(alice, bob):
    shopper(bob).tell("me/conversations", ASKED, once="a")
    caller = shopper(alice)
    for n in range(3):
        caller.tell("me/conversations", ASKED | {"subject": f"Matter {n}"}, once=str(n))
    listed = caller.ask("me/conversations", limit="2").json()
    rest = caller.get(listed["next"]).json()
    subjects = [row["subject"] for row in listed["results"] + rest["results"]]
    assert (len(subjects), set(subjects)) == (3, {"Matter 0", "Matter 1", "Matter 2"})


def test_somebody_elses_conversation_answers_like_none(alice, bob):
    theirs = shopper(bob).tell("me/conversations", ASKED, once="a").json()["id"]
    caller = shopper(alice)
    for key in (theirs, uuid.uuid4()):
        read = caller.ask(f"me/conversations/{key}")
        written = caller.tell(f"me/conversations/{key}/messages", {"text": "Hello"}, once=str(key))
        assert (read.status_code, written.status_code) == (404, 404)
        assert read.json()["error"]["code"] == written.json()["error"]["code"] == "not_found"
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "  "}, "text"),
        ({"text": "x" * 10_001}, "text"),
        ({"kind": "threat"}, "kind"),
        ({"subject": "x" * 201}, "subject"),
        ({"text": ["a"]}, "text"),
    ],
)
def test_what_makes_no_conversation_is_refused_by_field(alice, change, field):
    answer = shopper(alice).tell("me/conversations", ASKED | change, once="a")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    assert Conversation.objects.count() == 0


@pytest.mark.parametrize("text", ["a\\u0000b", "a\\ud800b"])
def test_characters_that_cannot_be_stored_are_refused(alice, text):
    answer = shopper(alice).post(
        "/api/v1/me/conversations",
        f'{{"text": "{text}"}}',
        content_type="application/json",
        headers={"Idempotency-Key": "a"},
    )
    assert answer.status_code == 400
    assert Conversation.objects.count() == 0


def test_the_shop_brings_a_conversation_from_elsewhere(alice):
    known(alice)
    shop = server()
    brought = shop.tell("conversations", ASKED | {"user_id": "alice", "origin": "wechat"}, once="a")
    assert brought.status_code == 201
    address = f"conversations/{brought.json()['id']}"
    assert shop.tell(f"{address}/messages", {"text": "And the case."}, once="b").status_code == 201
    assert len(shop.ask(address).json()["messages"]) == 2
    assert Conversation.objects.get().origin == "wechat"
    assert shop.tell("conversations", ASKED | {"user_id": "nobody"}, once="c").status_code == 404
    assert (
        shop.tell("conversations", ASKED | {"user_id": "alice", "origin": "moon"}, once="d").status_code
        == 400
    )
    assert shop.ask(f"conversations/{uuid.uuid4()}").status_code == 404


def test_nobody_and_the_wrong_caller_are_kept_out(alice):
    assert Client().get("/api/v1/me/conversations").status_code == 401
    assert server().ask("me/conversations").status_code in (401, 403)
    assert shopper(alice).tell("conversations", ASKED, once="a").status_code in (401, 403)
