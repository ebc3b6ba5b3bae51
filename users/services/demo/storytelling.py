"""What one person does, written down as the tracking calls that a storefront would send."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from users.services.demo.catalogue import CATEGORIES, Record, records_of
from users.services.demo.codes import campaign_of
from users.services.demo.instants import iso
from users.services.demo.people import Person

Call = dict[str, Any]
SHOP_URL = "https://records.example/"
CURRENCY = "USD"


DEVICES = ("mobile", "desktop", "mobile", "mobile", "tablet", "desktop", "mobile")


@dataclass(slots=True)
class Story:
    """The calls of one person in the order of their times; message ids depend on nothing but the story.

    ``known``: the browser knows who it is; before that only its anonymous id is sent.
    """

    person: Person
    known: bool = True
    calls: list[tuple[datetime, Call]] = field(default_factory=list)

    def identify(self, at: datetime, traits: dict[str, Any], *, anonymous_too: bool = False) -> None:
        """Say who they are; from here on the browser knows them."""
        self.known = True
        fields: Call = {"type": "identify", "traits": traits}
        if campaign := campaign_of(traits.get("sourceCode", "")):
            fields["context"] = {"campaign": campaign}
        if anonymous_too:
            fields["anonymousId"] = self.person.anonymous_id
        self._call(at, fields)

    def track(self, at: datetime, event: str, properties: dict[str, Any] | None = None) -> None:
        """Something they did."""
        fields: Call = {"type": "track", "event": event, "properties": properties or {}}
        if not event.startswith("Order "):  # those the shop's back end tells, which sees no device
            fields["context"] = {"device": {"type": self._device(at)}}
        self._call(at, fields)

    def _device(self, at: datetime) -> str:
        """The device they mostly use; one day in six another one is at hand."""
        mostly = DEVICES[self.person.number % len(DEVICES)]
        return mostly if (at.toordinal() + self.person.number) % 6 else "mobile"

    def page(self, at: datetime, path: str, device: str) -> None:
        """A page they opened."""
        self._call(
            at,
            {
                "type": "page",
                "name": path or "home",
                "properties": {},
                "context": {
                    "page": {"url": SHOP_URL + path},
                    "device": {"type": device},
                },
            },
        )

    def _call(self, at: datetime, fields: Call) -> None:
        who = {"userId": self.person.user_id} if self.known else {"anonymousId": self.person.anonymous_id}
        message = f"demo-{self.person.number}-{int(at.timestamp())}-{len(self.calls)}"
        self.calls.append((at, {**fields, **who, "messageId": message, "timestamp": iso(at)}))


def pick(person: Person, random: Random) -> Record:
    """A record they may like: mostly of their tastes, sometimes anything."""
    category = random.choice(CATEGORIES)
    if random.random() < 0.75:
        category = random.choices(person.tastes, weights=(6, 3, 1))[0]
    return random.choice(records_of(category))


def browse(story: Story, at: datetime, random: Random) -> datetime:
    """Look around from ``at``; one in five puts something into the cart, some begin to pay and leave."""
    if random.random() < 0.3:
        story.page(at, "", random.choice(("mobile", "mobile", "desktop")))
        at += timedelta(seconds=random.randint(10, 60))
    for _ in range(random.choices((1, 2, 3), weights=(6, 3, 1))[0]):
        record = pick(story.person, random)
        story.track(at, "Product Viewed", record.properties())
        at += timedelta(seconds=random.randint(20, 180))
    if random.random() < 0.2:
        story.track(at, "Product Added", record.properties())
        at += timedelta(seconds=random.randint(20, 120))
        if random.random() < 0.4:
            story.track(
                at,
                "Checkout Started",
                {"value": record.price / 100, "currency": CURRENCY},
            )
    return at


def approach(
    story: Story, ordered_at: datetime, lines: list[Call], random: Random, *, carts: bool = True
) -> None:
    """What led to an order at ``ordered_at``: a look and, where they are told, cart and checkout."""
    at = ordered_at - timedelta(seconds=random.randint(500, 1500))
    story.track(at, "Product Viewed", _without_quantity(lines[0]))
    if not carts:
        return
    story.track(at + timedelta(seconds=random.randint(20, 120)), "Product Added", lines[0])
    if random.random() < 0.8:  # the others pay by the express button, which sends no such call
        value = sum(round(line["price"] * line["quantity"], 2) for line in lines)
        story.track(
            ordered_at - timedelta(seconds=60),
            "Checkout Started",
            {"value": round(value, 2), "currency": CURRENCY},
        )


def order(story: Story, at: datetime, number: str, cents: int, lines: list[Call]) -> None:
    """A paid order of that amount."""
    story.track(
        at,
        "Order Completed",
        {
            "order_id": number,
            "total": cents / 100,
            "revenue": cents / 100,
            "currency": CURRENCY,
            "products": lines,
        },
    )


def order_lines(person: Person, records: int, cents: int, random: Random) -> list[Call]:
    """Split a logged amount and number of records into at most three lines that sum to it exactly."""
    each, rest = divmod(cents, records)
    if records == 1:
        parts = [(1, cents)]
    elif rest:
        parts = [(records - 1, each), (1, each + rest)]
    else:
        parts = [(records // 2, each), (records - records // 2, each)]
    return [{**pick(person, random).properties(), "price": price / 100, "quantity": n} for n, price in parts]


def _without_quantity(line: Call) -> Call:
    return {key: value for key, value in line.items() if key != "quantity"}
