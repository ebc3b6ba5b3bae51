"""A small random shop as a plain log: handed in at the front door, and read by the oracles as a pandas frame."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd

from tests.users.door import Item, identify, item, send, track
from users.groups import read_group
from users.models import Customer

CHANNELS = ("search", "wechat", None)
SHOPPING = ("Product Viewed", "Product Added", "Checkout Started")
CATEGORIES = ("Jazz", "Rock")


@dataclass(slots=True)
class Shop:
    """What was handed in: ``people`` (who, channel, registered, visitor), ``events``, ``orders`` with what is left."""

    people: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)

    def frame(self, zone: str, *, visitors: bool = False) -> pd.DataFrame:
        """The activity: who, when (UTC) and on which calendar day of the zone."""
        rows = pd.DataFrame(self.events, columns=["who", "name", "at", "category"])
        rows["day"] = (
            pd.to_datetime(rows["at"], utc=True).dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
        )
        known = {person["who"] for person in self.people if visitors or not person["visitor"]}
        return rows[rows["who"].isin(known)]

    def counting(self, zone: str) -> pd.DataFrame:
        """The orders that count, with what each is worth in cents."""
        rows = pd.DataFrame(self.orders, columns=["who", "at", "net", "counts"])
        rows = rows[rows["counts"].astype(bool)]
        days = pd.to_datetime(rows["at"], utc=True).dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
        return rows.assign(day=days)

    def channel(self, who: str) -> str | None:
        """How a person was won."""
        found: str | None = next(person["channel"] for person in self.people if person["who"] == who)
        return found


def invent(seed: int, now: datetime, *, people: int = 25, days: int = 100) -> Shop:
    """A shop of that seed, handed in and applied."""
    random, shop, items = Random(seed), Shop(), list[Item]()
    for number in range(people):
        _live(f"p{number}", random, now, days, shop, items)
    random.shuffle(items)
    send(*items, is_history=True)
    return shop


def _live(who: str, random: Random, now: datetime, days: int, shop: Shop, items: list[Item]) -> None:
    def instant() -> datetime:
        return now - timedelta(seconds=random.randrange(1, days * 86_400))

    is_visitor = random.random() < 0.2
    name = {"anonymous": who} if is_visitor else {"user": who}
    registered = None if is_visitor or random.random() < 0.2 else instant()
    channel = None if is_visitor else random.choice(CHANNELS)
    shop.people.append({"who": who, "channel": channel, "registered": registered, "visitor": is_visitor})
    if not is_visitor:
        traits = {"channel": channel} if channel else {}
        traits |= {"createdAt": registered.isoformat()} if registered else {}
        traits |= {"plan": random.choice(["gold", 'it\'s 100%__"x"'])} if random.random() < 0.7 else {}
        items.append(identify(at=now - timedelta(days=days + 1), user=who, name=who.title(), **traits))
    for _visit in range(random.choice((0, 1, 2, 5, 12))):
        at, event, category = instant(), random.choice(SHOPPING), random.choice((*CATEGORIES, None))
        shop.events.append({"who": who, "name": event, "at": at, "category": category})
        items.append(item(at=at, name=event, properties={"category": category} if category else {}, **name))
    if is_visitor:
        return
    for order in range(random.choice((0, 0, 1, 3))):
        _order(f"{who}-{order}", who, random, instant(), shop, items)


def _order(number: str, who: str, random: Random, at: datetime, shop: Shop, items: list[Item]) -> None:
    cents, tax, fate = random.randrange(500, 20_000), random.randrange(0, 100), random.random()
    shop.events.append({"who": who, "name": "Order Completed", "at": at, "category": None})
    items.append(
        track(
            "Order Completed",
            at=at,
            user=who,
            order_id=number,
            total=cents / 100,
            tax=tax / 100,
            currency="USD",
        )
    )
    later = at + timedelta(minutes=5)
    back = 0
    if fate < 0.15:
        items.append(track("Order Cancelled", at=later, user=who, order_id=number))
    elif fate < 0.4:
        back = cents if fate < 0.25 else cents // 3
        items.append(
            track(
                "Order Refunded",
                at=later,
                user=who,
                order_id=number,
                refund_id="r",
                total=back / 100,
                currency="USD",
            )
        )
    shop.orders.append(
        {"who": who, "at": at, "net": cents - tax - back, "counts": fate >= 0.15 and back < cents}
    )


def behind(url: str, now: datetime) -> set[str]:
    """Who is behind a link to a group: userIds, or the anonymousIds of visitors."""
    spec = parse_qs(urlsplit(url).query)["group"][0]
    found = Customer.objects.filter(pk__in=read_group(spec, now).customers).prefetch_related("identities")
    return {person.user_id or next(one.value for one in person.identities.all()) for person in found}
