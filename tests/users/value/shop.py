"""A shop of some hundred random people, written straight into the tables and kept as plain data beside them."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from users.models import (
    Customer,
    CustomerDay,
    Event,
    EventType,
    Order,
    OrderLine,
    Standing,
)

ZONE = ZoneInfo("Asia/Shanghai")
CATEGORIES = ("Blues", "Classical", "Jazz", "Rock", "")
ACTS = ("Product Viewed", "Product Reviewed", "Product Shared", "Survey Answered", "Content Viewed")
HOMES = ("", "Europe/Berlin", "Mars/Olympus")


@dataclass
class Bought:
    """An order: when, how much net, which categories its lines have, whether it counts."""

    at: datetime
    net: int
    lines: list[str]
    counts: bool = True


@dataclass
class Somebody:
    """A customer as plain data."""

    number: int
    known: bool = True
    erased: bool = False
    shy: bool = False
    zone: str = ""
    orders: list[Bought] = field(default_factory=list)
    acts: list[tuple[str, datetime, str]] = field(default_factory=list)
    pk: int = 0

    @property
    def counting(self) -> list[Bought]:
        return sorted((order for order in self.orders if order.counts), key=lambda order: order.at)

    @property
    def instants(self) -> list[datetime]:
        """All activity."""
        return sorted([order.at for order in self.orders] + [at for _name, at, _category in self.acts])


def day_of(at: datetime) -> date:
    return at.astimezone(ZONE).date()


def invent(count: int, as_of: datetime, seed: str = "value") -> list[Somebody]:
    """People with lives of up to 600 days before ``as_of``, a few things shortly after it."""
    random = Random(seed)
    return [_somebody(number, as_of, random) for number in range(count)]


def _somebody(number: int, as_of: datetime, random: Random) -> Somebody:
    who = Somebody(
        number,
        known=number % 41 != 0,
        erased=number % 67 == 1,
        shy=number % 29 == 2,
        zone=random.choice(HOMES),
    )
    began = as_of - timedelta(days=random.randint(1, 600), seconds=random.randint(0, 86_000))
    leaves, pace = random.expovariate(1 / 300), random.choice((12, 40, 90))
    at, orders = began, random.random() < 0.85
    while orders and at < as_of + timedelta(hours=5) and (at - began).days <= leaves:
        lines = random.choices(CATEGORIES, k=random.randint(0, 3))
        who.orders.append(
            Bought(at, random.choice((0, 990, 1990, 4500, 12_345)), lines, counts=random.random() < 0.95)
        )
        at += timedelta(days=random.expovariate(1 / pace), seconds=random.randint(1, 30_000))
    for _ in range(random.choice((0, 1, 2, 9, 25))):
        seen = began + timedelta(days=random.uniform(0, min(200, max(1, (as_of - began).days))))
        who.acts.append((random.choice(ACTS), seen, random.choice(CATEGORIES)))
    if not who.orders and not who.acts:
        who.acts.append(("Product Viewed", began, "Jazz"))
    return who


def open_shop(people: list[Somebody]) -> None:
    """Write them down; their primary keys are filled in."""
    for name in ACTS:
        EventType.objects.get_or_create(name=name, defaults={"first_seen_at": people[0].instants[0]})
    types = dict(EventType.objects.values_list("name", "pk"))
    EventType.objects.filter(name__in=ACTS).update(is_activity=True)
    customers = Customer.objects.bulk_create(
        Customer(
            user_id=f"u{one.number}",
            identified=one.known,
            no_profiling=one.shy,
            time_zone=one.zone,
            first_seen_at=one.instants[0],
            erased_at=one.instants[-1] if one.erased else None,
        )
        for one in people
    )
    for one, customer in zip(people, customers, strict=True):
        one.pk = customer.pk
    Standing.objects.bulk_create(_standing(one) for one in people)
    CustomerDay.objects.bulk_create(row for one in people for row in _days(one))
    Order.objects.bulk_create(row for one in people for row in _orders(one))
    OrderLine.objects.bulk_create(row for one in people for row in _lines(one))
    Event.objects.bulk_create(row for one in people for row in _events(one, types))


def _standing(one: Somebody) -> Standing:
    days = {day_of(at) for at in one.instants}
    return Standing(
        customer_id=one.pk,
        stage="active",
        active_days=len(days),
        first_activity_at=one.instants[0],
        last_activity_at=one.instants[-1],
        orders=len(one.counting),
        revenue=sum(order.net for order in one.counting),
        first_order_at=one.counting[0].at if one.counting else None,
        last_order_at=one.counting[-1].at if one.counting else None,
    )


def _days(one: Somebody) -> list[CustomerDay]:
    times: dict[date, list[datetime]] = {}
    for at in one.instants:
        times.setdefault(day_of(at), []).append(at)
    return [
        CustomerDay(customer_id=one.pk, day=day, first_at=min(ats), last_at=max(ats), events=len(ats))
        for day, ats in times.items()
    ]


def _orders(one: Somebody) -> list[Order]:
    return [
        Order(
            customer_id=one.pk, source="shop", number=f"{one.number}-{index}", ordered_at=order.at,
            paid_at=order.at, confirmed=True, currency="USD", total=order.net, net=order.net, counts=order.counts,
        )
        for index, order in enumerate(one.orders)
    ]  # fmt: skip


def _lines(one: Somebody) -> list[OrderLine]:
    return [
        OrderLine(
            customer_id=one.pk, source="shop", number=f"{one.number}-{index}", line=line, category=category,
            quantity=1, price=1, amount=1,
        )
        for index, order in enumerate(one.orders)
        for line, category in enumerate(order.lines)
    ]  # fmt: skip


def _events(one: Somebody, types: dict[str, int]) -> list[Event]:
    told = [*one.acts, *(("Order Completed", order.at, "") for order in one.orders)]
    return [
        Event(
            customer_id=one.pk, message_id=f"m{one.number}-{index}", type_id=types[name], occurred_at=at,
            received_at=at, category=category or None,
        )
        for index, (name, at, category) in enumerate(told)
    ]  # fmt: skip


def most(values: list[str]) -> str:
    """The most frequent text that is not empty; ties by the alphabet; "" of none."""
    counts = Counter(value for value in values if value)
    return min(counts, key=lambda value: (-counts[value], value)) if counts else ""
