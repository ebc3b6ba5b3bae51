"""Invented voices for the demo shop: reviews, shares, answers, content and friends brought along; then the figures.

Only customers who were here lately speak, on days on which they were active anyway, so that stages stay as they are.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from users.demo import Progress
from users.evidence import INVITED
from users.models import CustomerDay, Event
from users.services import value
from users.services.demo.catalogue import CATEGORIES, records_of
from users.services.demo.door import front_door
from users.services.demo.instants import iso
from users.services.demo.storytelling import Call

TALKATIVE = 400
ACTS = (
    ("Product Reviewed", 5),
    ("Product Shared", 4),
    ("Survey Answered", 3),
    ("Content Viewed", 6),
)
STORIES = ("How records are pressed", "Ten albums for rainy days", "A visit to the cutting room")
WINDOW = timedelta(days=80)


def load_voices(now: datetime, progress: Progress) -> None:
    """Some hundred customers speak up."""
    if Event.objects.filter(message_id__startswith="demo-voice-").exists():
        return
    with front_door() as door:
        door.hand_in_all(_voices(now, Random("voices")), history=True)
    progress(1, 1)


def load_value(now: datetime, progress: Progress) -> None:
    """Compute the figures of the day, so that segments find them."""
    value.compute(now)


def _voices(now: datetime, random: Random) -> Iterator[Call]:
    days = (
        CustomerDay.objects.filter(
            day__gte=(now - WINDOW).date(),
            last_at__lt=now - timedelta(days=2),
            customer__is_invented=True,
            customer__identified=True,
            customer__standing__active_days__gte=3,
        )
        .order_by("customer_id", "day")
        .values_list("customer_id", "customer__user_id", "last_at")
    )
    last = {pk: (user or "", at) for pk, user, at in days}
    people = sorted(random.sample(sorted(last), min(TALKATIVE, len(last))))
    names = [last[pk][0] for pk in people]
    for pk in people:
        user, at = last[pk]
        for number in range(random.choice((1, 2, 2, 5))):
            (name,) = random.choices([act for act, _w in ACTS], [weight for _act, weight in ACTS])
            yield _call(user, name, at, number, name=_about(name, random))
        if random.random() < 0.15:
            for number in range(random.randint(1, 3)):
                yield _call(user, INVITED, at, 100 + number, friend=random.choice(names))


def _about(name: str, random: Random) -> str:
    """What it was about: a record, or something to read."""
    if name == "Content Viewed":
        return random.choice(STORIES)
    return random.choice(records_of(random.choice(CATEGORIES))).title


def _call(user: str, event: str, at: datetime, number: int, **properties: str) -> Call:
    return {
        "type": "track",
        "event": event,
        "userId": user,
        "messageId": f"demo-voice-{user}-{number}",
        "timestamp": iso(at + timedelta(seconds=number)),
        "properties": properties,
    }
