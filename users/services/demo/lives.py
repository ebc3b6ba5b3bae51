"""The lives of the demo shop's customers: real purchases, moved in time, and invented visits around them.

All first purchases of the log fall into twelve weeks of 1997. Each customer's whole history is moved so that
first purchases spread, in their logged order, over the eighteen months before ``anchor``, the day before the
demo was loaded. What then lies after the anchor happens when its day comes.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from random import Random
from typing import Any

from users.services.demo.codes import told_with
from users.services.demo.instants import on_day
from users.services.demo.log import purchases_by_customer
from users.services.demo.people import Person, person
from users.services.demo.storytelling import (
    Call,
    Story,
    approach,
    browse,
    order,
    order_lines,
)

SPREAD_DAYS = 547
LOG_BEGAN = date(1997, 1, 1)
LOG_FIRST_PURCHASE_DAYS = 84

REFUNDED = 0.02
CANCELLED = 0.004
CARTS_TRACKED = timedelta(days=120)  # the storefront tells of carts and checkouts only since then
AFTERMATH_DAYS = 16  # within which an order is given back, and a day for the zones
LOOKERS = range(30_001, 31_801)  # registered, never bought
PROSPECTS = range(40_001, 40_401)  # on the newsletter list of the store, never seen online
PASSERS_BY = range(50_001, 51_501)  # visitors who never said who they are


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """One order of one customer: the log's amount at its moved time, with what becomes of it."""

    number: int
    index: int
    at: datetime
    records: int
    cents: int
    refund_at: datetime | None
    refund_cents: int
    cancelled_at: datetime | None

    @property
    def order_id(self) -> str:
        return f"CD{self.number:05d}-{self.index:03d}"

    @property
    def days(self) -> set[date]:
        """The UTC days on which something happens to it."""
        return {at.date() for at in (self.at, self.refund_at, self.cancelled_at) if at}

    def random(self, what: str) -> Random:
        """Chance that depends on the order only."""
        return Random(f"{what} {self.number} {self.index}")

    def lines(self, buyer: Person) -> list[Call]:
        """What was in the basket: invented records whose prices sum to the logged amount."""
        return order_lines(buyer, self.records, self.cents, self.random("basket"))


def first_day(number: int, anchor: date) -> date:
    """The day to which a customer's first purchase is moved."""
    logged = (purchases_by_customer()[number][0].day - LOG_BEGAN).days
    within = logged + Random(f"start {number}").random()
    return anchor - timedelta(days=SPREAD_DAYS - 1 - int(within / LOG_FIRST_PURCHASE_DAYS * SPREAD_DAYS))


def orders_of(number: int, anchor: date) -> list[PlannedOrder]:
    """All orders of a customer, oldest first, also those whose day is still to come."""
    purchases = purchases_by_customer()[number]
    move = first_day(number, anchor) - purchases[0].day
    orders: list[PlannedOrder] = []
    for day, bought in groupby(purchases, key=attrgetter("day")):
        same_day = list(bought)
        for purchase, at in zip(same_day, _instants(number, day + move, len(same_day)), strict=True):
            index = len(orders) + 1
            fate = _fate(at, purchase.cents, Random(f"fate {number} {index}"))
            orders.append(PlannedOrder(number, index, at, purchase.records, purchase.cents, *fate))
    return orders


def _instants(number: int, day: date, count: int) -> list[datetime]:
    """Different instants of one day in their order."""
    random = Random(f"orders {number} {day}")
    instants: set[datetime] = set()
    while len(instants) < count:
        instants.add(on_day(day, random))
    return sorted(instants)


def _fate(at: datetime, cents: int, random: Random) -> tuple[datetime | None, int, datetime | None]:
    """(refunded at, how much, cancelled at): 2 % give all or a part back, a few cancel within hours."""
    chance = random.random()
    if cents and chance < REFUNDED:
        part = cents if random.random() < 0.7 else cents // 2
        return (
            at + timedelta(days=random.randint(2, 14), hours=random.randint(1, 9)),
            part,
            None,
        )
    if chance < REFUNDED + CANCELLED:
        return None, 0, at + timedelta(minutes=random.randint(20, 600))
    return None, 0, None


def tell_order(story: Story, planned: PlannedOrder, until: datetime) -> None:
    """An order, what led to it and, before ``until``, what became of it."""
    lines = planned.lines(story.person)
    carts = planned.at >= until - CARTS_TRACKED
    approach(story, planned.at, lines, planned.random("way"), carts=carts)
    order(story, planned.at, planned.order_id, planned.cents, lines)
    tell_aftermath(story, planned, datetime.min.replace(tzinfo=until.tzinfo), until)


def tell_aftermath(story: Story, planned: PlannedOrder, begin: datetime, end: datetime) -> None:
    """The refund or cancellation of an order, where it falls between two instants."""
    if planned.refund_at and begin <= planned.refund_at < end:
        story.track(planned.refund_at, "Order Refunded", refund_properties(planned, story.person))
    if planned.cancelled_at and begin <= planned.cancelled_at < end:
        story.track(planned.cancelled_at, "Order Cancelled", {"order_id": planned.order_id})


def refund_properties(planned: PlannedOrder, person: Person) -> dict[str, Any]:
    """The refund as the storefront tells it: a part of an order with several lines names the line given back."""
    told = {
        "order_id": planned.order_id,
        "refund_id": f"R-{planned.order_id}",
        "total": planned.refund_cents / 100,
        "currency": "USD",
    }
    lines = planned.lines(person)
    if planned.refund_cents == planned.cents or len(lines) == 1:
        return told  # the money goes back on the whole order
    back = lines[-1]
    return told | {"total": round(back["price"] * back["quantity"], 2), "products": [back]}


def buyer(number: int, anchor: date, until: datetime) -> Story:
    """The whole life of a customer of the log before ``until``, a time after the anchor."""
    orders = [planned for planned in orders_of(number, anchor) if planned.at < until]
    random = Random(f"life {number}")
    joined_at = orders[0].at - _hesitation(random)
    story = Story(person(number, joined_at=joined_at))
    tell_join(story, joined_at, random)
    for planned in orders:
        tell_order(story, planned, until)
    for at in _visits(orders, random):
        if at < until:
            browse(story, at, random)
    if random.random() < 0.03:
        _opt_out(story, orders[-1].at + timedelta(days=random.randint(1, 200)), until)
    return story


def looker(number: int, anchor: date, until: datetime) -> Story:
    """Somebody who registered, looked around a few times and never bought."""
    random = Random(f"life {number}")
    at = on_day(anchor - timedelta(days=int(SPREAD_DAYS * random.random() ** 1.5)), random)
    story = Story(person(number, joined_at=at))
    tell_join(story, at, random)
    for _ in range(random.choices((0, 1, 2, 4), weights=(4, 3, 2, 1))[0]):
        at += timedelta(days=random.expovariate(1 / 12), hours=random.randint(1, 20))
        if at < until:
            browse(story, at, random)
    return story


def prospect(number: int, anchor: date, until: datetime) -> Story:
    """A name on a list: known, allowed to be written to, never seen."""
    random = Random(f"life {number}")
    at = on_day(anchor - timedelta(days=random.randint(1, 200)), random)
    story = Story(person(number, joined_at=at))
    traits = {
        key: value for key, value in story.person.traits.items() if key not in ("createdAt", "sourceCode")
    }
    story.identify(at, traits | {"channel": "store", **told_with(number, "store")})
    return story


def passer_by(number: int, anchor: date, until: datetime) -> Story:
    """A visitor of the last two months whom nobody knows."""
    random = Random(f"life {number}")
    at = on_day(anchor - timedelta(days=random.randint(0, 60)), random)
    story = Story(person(number, joined_at=at), known=False)
    browse(story, at, random)
    return story


def everybody(anchor: date, until: datetime) -> Iterator[Story]:
    """All lives before ``until``, in an order that depends on nothing."""
    groups: tuple[tuple[Any, Any], ...] = (
        (buyer, purchases_by_customer()), (looker, LOOKERS), (prospect, PROSPECTS), (passer_by, PASSERS_BY),
    )  # fmt: skip
    for live, numbers in groups:
        for number in numbers:
            yield live(number, anchor, until)


def people_count() -> int:
    """How many lives ``everybody`` tells."""
    return len(purchases_by_customer()) + len(LOOKERS) + len(PROSPECTS) + len(PASSERS_BY)


@lru_cache(maxsize=32)
def orders_on(anchor: date, day: date) -> tuple[PlannedOrder, ...]:
    """Orders made, given back or cancelled on a UTC day, from the anchor on."""
    days = (day + timedelta(days=shift) for shift in range(-AFTERMATH_DAYS, 2))
    numbers = {number for near in days for number in _buyers_by_day(anchor).get(near, ())}
    planned = (one for number in sorted(numbers) for one in orders_of(number, anchor))
    return tuple(one for one in planned if day in one.days)


@lru_cache(maxsize=1)
def _buyers_by_day(anchor: date) -> dict[date, set[int]]:
    """Who buys on which shop day, from shortly before the anchor on; cheap, as no instant is drawn."""
    days: dict[date, set[int]] = defaultdict(set)
    for number, purchases in purchases_by_customer().items():
        move = first_day(number, anchor) - purchases[0].day
        for purchase in purchases:
            if purchase.day + move >= anchor - timedelta(days=AFTERMATH_DAYS):
                days[purchase.day + move].add(number)
    return days


def _hesitation(random: Random) -> timedelta:
    """From registration to the first order: most in the same visit, a quarter within three weeks."""
    if random.random() < 0.75:
        return timedelta(seconds=random.randint(1600, 3000))
    return timedelta(days=random.randint(1, 20), hours=random.randint(0, 5))


def tell_join(story: Story, at: datetime, random: Random) -> None:
    """Register; one in eight looked around before, as an unknown visitor of the same browser."""
    visited = random.random() < 0.125
    if visited:
        story.known = False
        browse(story, at - timedelta(minutes=random.randint(20, 4000)), random)
    story.identify(at, story.person.traits, anonymous_too=visited)
    story.track(at + timedelta(seconds=1), "Signed Up", {"channel": story.person.channel})


def _visits(orders: list[PlannedOrder], random: Random) -> Iterator[datetime]:
    """Visits without an order: some while they buy, some after the last order, fading out."""
    for planned in orders:
        if random.random() < 0.35:
            yield planned.at + timedelta(days=random.expovariate(1 / 25) + 0.2)
    for _ in range(random.choices((0, 1, 2, 3), weights=(5, 3, 2, 1))[0]):
        yield orders[-1].at + timedelta(days=random.expovariate(1 / 60) + 1)


def _opt_out(story: Story, at: datetime, until: datetime) -> None:
    consents = story.person.traits.get("consents")
    if at < until and consents:
        refused = [{**answer, "granted": False} for answer in consents]
        story.identify(at, {"consents": refused})
