"""A shopper asks over the API, an operator answers, the answer is seen over the API and comes by mail."""

import httpx
import pytest

from campaigns.services.dispatch import dispatch
from config.kit import clock
from feedback.models import Conversation, ConversationState
from feedback.services.conversations import reply
from feedback.services.mailing import mail_replies
from tests.settling import apply_everything
from tests.sinks import SmtpSink
from tests.storefront import Storefront, identify, shopper
from users.models import Operator, Role

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_question_is_asked_answered_and_seen(shop: Storefront, smtp_sink: SmtpSink) -> None:
    introduce(shop, "lena", "stranger")
    lena = shopper(str(shop.client.base_url), "lena")
    key = ask(lena, "Where is my record?")

    conversation = Conversation.objects.get(key=key)
    assert conversation.state == ConversationState.WAITING
    answer_it(conversation, "It left us this morning.")

    thread = lena.get(f"/api/v1/me/conversations/{key}").json()
    assert thread["state"] == "answered"
    assert [message["text"] for message in thread["messages"]] == [
        "Where is my record?",
        "It left us this morning.",
    ]
    for _twice in range(2):
        mail_replies(clock.now())
        dispatch(service=True)
    (letter,) = smtp_sink.messages
    assert letter["To"] == "lena@example.com"
    text = letter.get_body(("plain",))
    assert text is not None
    assert text.get_content().strip() == "It left us this morning."


def test_somebody_elses_conversation_does_not_exist(shop: Storefront) -> None:
    introduce(shop, "lena", "stranger")
    key = ask(shopper(str(shop.client.base_url), "lena"), "Where is my record?")
    stranger = shopper(str(shop.client.base_url), "stranger")
    missing = stranger.get("/api/v1/me/conversations/00000000-0000-4000-8000-000000000000")
    theirs = stranger.get(f"/api/v1/me/conversations/{key}")
    assert (theirs.status_code, theirs.json()) == (404, missing.json())
    assert stranger.get("/api/v1/me/conversations").json()["results"] == []


def introduce(shop: Storefront, *names: str) -> None:
    """People with a userId and an address."""
    shop.send(*(identify(name, name=name.title(), email=f"{name}@example.com") for name in names))
    apply_everything()


def ask(client: httpx.Client, text: str) -> str:
    """Begin a conversation; its key."""
    answer = client.post(
        "/api/v1/me/conversations",
        json={"subject": "My order", "text": text},
        headers={"Idempotency-Key": text},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def answer_it(conversation: Conversation, text: str) -> None:
    """An operator answers what came last."""
    support = Operator.objects.create_user("sara", role=Role.SUPPORT)
    reply(conversation, text, seen=1, key="answer-1", by=support, now=clock.now())
