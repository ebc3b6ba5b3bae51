"""What feedback does to the fields that it lends (see ``writers``)."""

from config.kit import clock
from feedback.models import Conversation
from feedback.services import conversations
from feedback.services.conversations import Opening
from tests.campaigns.audience import customers
from tests.operators import operator
from tests.segments.acts import Act, happened, has
from tests.segments.writers_apps import people
from users.models import Customer


def speaker() -> None:
    (people["fay"],) = customers(1)


def complain() -> None:
    opening = Opening("Scratched", "The record is scratched", kind="complaint", origin="widget")
    conversations.open_conversation(Customer.objects.get(pk=people["fay"]), opening, now=clock.now())


def talk() -> Conversation:
    return Conversation.objects.get(customer=people["fay"])


def say_more() -> None:
    conversations.customer_message(talk(), "Hello?", key="2", now=clock.now())


def reply() -> None:
    conversations.reply(talk(), "We send a new one.", seen=2, key="a", by=operator(), now=clock.now())


def solve() -> None:
    conversations.solve(talk(), by=operator(), now=clock.now())


def reopen() -> None:
    conversations.reopen(talk(), by=operator(), now=clock.now())


FEEDBACK = (
    Act(
        "a complaint",
        complain,
        (
            happened("conversations", kind=["complaint"], origin="widget", subject="Scratched"),
            has("conversation_states", "waiting"),
            has("open_conversations", "complaint"),
            happened("waiting_conversations"),
            {"happened": "replies_due", "op": "did", "in_next_days": 10},
            happened("customer_messages", kind=["complaint"]),
        ),
        prepare=speaker,
    ),
    Act("another message", say_more, (happened("customer_messages", 2),)),
    Act(
        "an answer",
        reply,
        (
            happened("answers"),
            happened("conversations", state=["answered"]),
            happened("waiting_conversations"),
            {
                "happened": "conversations",
                "op": "did",
                "where": [{"property": "first_answer_hours", "op": "at_most", "value": 1}],
            },
        ),
    ),
    Act("it is solved", solve, (happened("solved_conversations"), has("open_conversations", "complaint"))),
    Act("it is opened again", reopen, (happened("solved_conversations"), happened("waiting_conversations"))),
)
