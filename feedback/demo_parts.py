"""Conversations in the demo shop: a few dozen invented ones, each with a note that says so; new ones now and then."""

import uuid
from datetime import datetime, timedelta
from random import Random

from django.utils.translation import gettext_noop

from feedback.demo_words import LABEL, TALKS, Talk
from feedback.models import Conversation, Message
from feedback.services.conversations import Opening, note, open_conversation, reply, solve
from users.demo import DemoDay, DemoPart, Progress, demo_days, demo_parts
from users.models import Customer, Operator, Role

CONVERSATIONS = 36
PEOPLE = 400
SLOT_SECONDS = 30
NEW_A_SLOT = 0.02
NAMESPACE = uuid.UUID("6f0d3a52-6a4e-4f0e-9a59-6a3ef4f0a1c7")


def load(now: datetime, progress: Progress) -> None:
    """Invent the conversations of the last weeks; loading again adds nothing."""
    random, people = Random("conversations"), _people()
    for number in range(CONVERSATIONS if people else 0):
        talk = TALKS[number % len(TALKS)]
        waited = (
            timedelta(days=random.randint(1, 20)) if talk.answer else timedelta(hours=random.randint(0, 20))
        )
        begun = now - waited - timedelta(minutes=random.randint(1, 50))
        _invent(talk, _speaker(people, talk, random), f"{number}", begun, random)
        progress(number + 1, CONVERSATIONS)


def live(now: datetime) -> None:
    """Now and then somebody writes; the slot decides who and what, so twice is once."""
    slot = int(now.timestamp() // SLOT_SECONDS)
    random = Random(f"conversation {slot}")
    if random.random() < NEW_A_SLOT and (people := _people()):
        talk = random.choice([talk for talk in TALKS if not talk.answer])
        _invent(talk, _speaker(people, talk, random), f"slot {slot}", now, random)


def _invent(talk: Talk, customer: Customer, name: str, begun: datetime, random: Random) -> None:
    key = uuid.uuid5(NAMESPACE, name)
    if Conversation.objects.filter(key=key).exists():
        return
    opening = Opening(talk.subject, talk.text, kind=talk.kind, origin=talk.origin, key=key)
    conversation = open_conversation(customer, opening, now=begun)
    agent = (
        Operator.objects.filter(role__in=[Role.SUPPORT, Role.OWNER], is_active=True).order_by("-role").first()
    )
    if agent is None:
        return
    note(conversation, LABEL[talk.language], key="label", by=agent, now=begun)
    if talk.answer:
        _answer(conversation, talk, agent, begun + timedelta(minutes=random.randint(5, 240)))


def _answer(conversation: Conversation, talk: Talk, agent: Operator, at: datetime) -> None:
    """Said long ago, so it is not mailed now."""
    reply(conversation, talk.answer, seen=2, key="answer", by=agent, now=at)
    Message.objects.filter(conversation_key=conversation.key, key="answer").update(mailed_at=at)
    if talk.is_solved:
        solve(conversation, by=agent, now=at + timedelta(minutes=1))


def _people() -> list[Customer]:
    known = Customer.objects.known().filter(is_invented=True, standing__last_activity_at__isnull=False)
    return list(known.order_by("-standing__last_activity_at", "pk")[:PEOPLE])


def _speaker(people: list[Customer], talk: Talk, random: Random) -> Customer:
    """Somebody who writes in the language of the talk, where there is one."""
    same = [customer for customer in people if customer.language.startswith("zh") == (talk.language == "zh")]
    return random.choice(same or people)


demo_parts.register("feedback", DemoPart("feedback", gettext_noop("Inventing conversations"), 70, load))
demo_days.register("feedback", DemoDay("feedback", live))
