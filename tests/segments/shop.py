"""A small shop for tests of segments, written straight into the tables, with the touches that go with it."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from config.kit import clock
from segments.models import Membership, Segment
from segments.services.rebuild import rebuild
from segments.services.segments import create_segment
from users.models import (
    Consent,
    ContactPoint,
    Customer,
    CustomerTag,
    Event,
    EventType,
    Order,
    OrderLine,
    Standing,
    Tag,
    Topic,
)
from users.services.shares import follow_orders
from users.services.touch import touch
from users.topics import TouchTopic

_numbers = count(1)


def rule(*conditions: dict[str, Any], how: str = "all") -> dict[str, Any]:
    """The JSON of a rule with one group."""
    return {"version": 1, "root": {how: list(conditions)}}


def segment(*conditions: dict[str, Any], name: str = "", how: str = "all") -> Segment:
    """A segment by these conditions, computed."""
    made = create_segment(name=name or f"Segment {next(_numbers)}", rule=rule(*conditions, how=how), by=None)
    return rebuild(made)


def customer(**columns: Any) -> Customer:
    """A customer with a standing, touched as intake does."""
    standing = {key: columns.pop(key) for key in list(columns) if hasattr(Standing, key) and key != "pk"}
    made = Customer.objects.create(**{"first_seen_at": clock.now(), **columns})
    Standing.objects.create(customer=made, **standing)
    touch([made.pk], TouchTopic.PROFILE)
    return made


def event(who: Customer, name: str, at: datetime, **columns: Any) -> Event:
    """An event of the customer, touched."""
    kind, _made = EventType.objects.get_or_create(name=name, defaults={"first_seen_at": at})
    made = Event.objects.create(
        customer=who, message_id=f"m{next(_numbers)}", type=kind, occurred_at=at, received_at=at, **columns
    )
    touch([who.pk], TouchTopic.EVENTS)
    return made


def order(who: Customer, at: datetime, net: int, *categories: str, counts: bool = True) -> Order:
    """An order of the customer with a line per category, touched."""
    number = f"o{next(_numbers)}"
    made = Order.objects.create(
        customer=who, source="shop", number=number, ordered_at=at, paid_at=at, confirmed=True,
        currency="USD", total=net, net=net, counts=counts,
    )  # fmt: skip
    for line, category in enumerate(categories):
        OrderLine.objects.create(
            customer=who, source="shop", number=number, line=line, category=category, quantity=1, price=1,
            amount=1,
        )  # fmt: skip
    follow_orders([made.pk])
    touch([who.pk], TouchTopic.ORDERS)
    return made


def tagged(who: Customer, *names: str) -> None:
    """Put tags on a customer, touched."""
    for name in names:
        tag, _made = Tag.objects.get_or_create(name=name)
        CustomerTag.objects.create(customer=who, tag=tag, tagged_at=clock.now(), source="hand")
    touch([who.pk], TouchTopic.TAGS)


def mailable(
    who: Customer, *, state: str = "verified", granted: bool | None = True, topic: str = "news"
) -> None:
    """Give a customer an e-mail address in that state and, unless None, an answer about a topic; touched."""
    now = clock.now()
    ContactPoint.objects.create(
        customer=who, channel="email", address=f"{who.pk}@example.com", state=state, confirmed=True,
        added_at=now, changed_at=now,
    )  # fmt: skip
    if granted is not None:
        Consent.objects.create(
            customer=who, key=f"c{next(_numbers)}", channel="email", topic=Topic.objects.get(slug=topic),
            granted=granted, given_at=now, recorded_at=now, source="test", is_current=True,
        )  # fmt: skip
    touch([who.pk], TouchTopic.CONTACT)
    touch([who.pk], TouchTopic.CONSENT)


def members(of: Segment) -> set[int]:
    """Who is in the segment according to its stored membership."""
    return set(Membership.objects.filter(segment=of).values_list("customer_id", flat=True))


def ago(**span: float) -> datetime:
    """That long before now."""
    return clock.now() - timedelta(**span)
