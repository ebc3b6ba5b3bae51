"""The demo shop's days: the log goes on where it was cut, people keep coming by, in slots of half a minute.

All depends on the slot or the day only, so that a slot told twice, after a kill, is dropped as a repeat.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random

from users.services.demo import state
from users.services.demo.door import front_door
from users.services.demo.instants import share_of_day, shop_day
from users.services.demo.lives import (
    first_day,
    orders_on,
    tell_aftermath,
    tell_join,
)
from users.services.demo.log import CUSTOMERS, purchases_by_customer
from users.services.demo.people import person
from users.services.demo.storytelling import (
    Call,
    Story,
    approach,
    browse,
    order,
    order_lines,
)

SLOT = timedelta(seconds=30)
VISIT_TAKES = timedelta(minutes=12)  # at most; a slot's visits end in it
VISITS_A_DAY = 600
JOINS_A_DAY = 25
BUYS = 0.08
UNKNOWN = 0.2
FORGETTING_DAYS = 45
HISTORY_AFTER = timedelta(hours=24)
MOST_AT_ONCE = timedelta(days=10)

Told = tuple[datetime, Call]


def live(now: datetime) -> None:
    """Tell what has happened since the last call: older than a day as history, the rest as it happens.

    Catches up at most ten days per call, so that the task stays short.
    """
    job = state.demo_job()
    if job is None or not state.is_demo():
        return
    begin = state.lived_until(job)
    end = min(_slot_start(now), begin + MOST_AT_ONCE)
    if end <= begin:
        return
    told = sorted(_happenings(state.anchor_of(job), begin, end), key=lambda one: one[0])
    edge = now - HISTORY_AFTER
    with front_door() as door:
        door.hand_in_all((call for at, call in told if at < edge), history=True)
        door.hand_in_all((call for at, call in told if at >= edge), history=False)
    state.remember(job, lived_until=end.isoformat())


def _happenings(anchor: date, begin: datetime, end: datetime) -> Iterator[Told]:
    yield from _from_the_log(anchor, begin, end)
    at = begin
    while at < end:
        yield from _slot(anchor, at)
        at += SLOT


def _from_the_log(anchor: date, begin: datetime, end: datetime) -> Iterator[Told]:
    """Orders of the log whose moved time has come, and what becomes of earlier ones."""
    day = begin.date()
    while day <= end.date():
        for planned in orders_on(anchor, day):
            story = Story(person(planned.number, joined_at=planned.at))
            if planned.at.date() == day and begin <= planned.at < end:
                lines = planned.lines(story.person)
                approach(story, planned.at, lines, planned.random("way"))
                order(story, planned.at, planned.order_id, planned.cents, lines)
            tell_aftermath(
                story,
                planned,
                max(begin, _midnight(day)),
                min(end, _midnight(day + timedelta(days=1))),
            )
            yield from story.calls
        day += timedelta(days=1)


def _slot(anchor: date, at: datetime) -> Iterator[Told]:
    """Visits and registrations of one slot."""
    random = Random(f"slot {at.isoformat()}")
    busy = share_of_day(at, at + SLOT)
    if random.random() < busy * VISITS_A_DAY:
        yield from _visit(anchor, at, random).calls
    if random.random() < busy * JOINS_A_DAY:
        story = Story(person(_newcomer(at), joined_at=at))
        tell_join(story, at - timedelta(seconds=2), random)
        yield from story.calls


def _visit(anchor: date, at: datetime, random: Random) -> Story:
    if random.random() < UNKNOWN:
        story = Story(person(_newcomer(at), joined_at=at), known=False)
    else:
        story = Story(person(_somebody(anchor, shop_day(at), random), joined_at=at))
    if story.known and random.random() < BUYS:
        buy(story, at, random)
    else:
        browse(story, at - VISIT_TAKES, random)
    return story


def buy(story: Story, at: datetime, random: Random) -> None:
    """An invented order of somebody who came by."""
    records = random.choices((1, 2, 3), weights=(6, 3, 1))[0]
    cents = sum(random.choice((999, 1299, 1499, 1899)) for _ in range(records))
    lines = order_lines(story.person, records, cents, random)
    approach(story, at, lines, random)
    order(story, at, f"LV{_newcomer(at)}-{story.person.number}", cents, lines)


def _somebody(anchor: date, today: date, random: Random) -> int:
    """A customer of the log who has begun, the likelier the more recent their last purchase is."""
    while True:
        number = random.randint(1, CUSTOMERS)
        begun = first_day(number, anchor)
        if begun > today:
            continue
        silence = _silence(number, begun, today)
        if random.random() < max(0.02, 1 - silence / FORGETTING_DAYS):
            return number


def _silence(number: int, begun: date, today: date) -> int:
    """Days since the last purchase on or before today."""
    purchases = purchases_by_customer()[number]
    move = begun - purchases[0].day
    return (today - max(one.day + move for one in purchases if one.day + move <= today)).days


def _newcomer(at: datetime) -> int:
    """A number for somebody first seen in a slot; far above those of the log."""
    return int(at.timestamp()) // int(SLOT.total_seconds())


def _slot_start(at: datetime) -> datetime:
    seconds = int(SLOT.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
