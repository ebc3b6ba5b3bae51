"""The demo shop's bare rows as plain data, in the shapes that the oracles of the reports read."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd
import pytest
from django.test import Client

from tests.settling import apply_everything
from tests.users.value.shop import ZONE, Bought, Somebody
from users.models import Customer, Event, Order, OrderLine, Refund, Scope
from users.services import api_keys
from users.services.demo import lives
from users.services.demo.door import bodies
from users.services.demo.instants import shop_day, start_of
from users.services.demo.log import purchases_by_customer
from users.services.demo.sources import load_sources

Money = dict[tuple[int, str, str], tuple[int, bool, datetime]]


@dataclass
class Person(Somebody):
    """Somebody whose activity is read, not made up."""

    seen: list[datetime] = field(default_factory=list)

    @property
    def instants(self) -> list[datetime]:
        return self.seen


def load_part_of_it(now: datetime, monkeypatch: pytest.MonkeyPatch, *, one_in: int) -> None:
    """Source codes, costs, and one in so many of the demo's people with their real orders, through the front door."""
    log = {number: rows for number, rows in purchases_by_customer().items() if number % one_in == 0}
    monkeypatch.setattr(lives, "purchases_by_customer", lambda: log)
    for group in ("LOOKERS", "PROSPECTS", "PASSERS_BY"):
        monkeypatch.setattr(lives, group, getattr(lives, group)[:: one_in * 2])
    load_sources(now, lambda done, total: None)
    anchor = shop_day(now) - timedelta(days=1)
    told = lives.everybody(anchor, start_of(anchor + timedelta(days=1)))
    _key, secret = api_keys.create(name="demo", scope=Scope.SERVER, by=None)
    api_keys.forget_all()
    door = Client(headers={"authorization": f"Bearer {secret}"})
    for body, _calls in bodies(call for story in told for _at, call in story.calls):
        assert door.post("/v1/import", body, content_type="application/json").status_code == 200
    apply_everything()


def money() -> Money:
    """What each order is worth by the words of definitions.md, in the shop's cents; whether it counts, and when."""
    back: dict[tuple[int, str, str], list[int]] = {}
    for who, source, number, amount in Refund.objects.values_list(
        "customer_id", "source", "number", "amount"
    ):
        back.setdefault((who, source, number), []).append(amount)
    found: Money = {}
    for one in Order.objects.all():
        refunds = back.get((one.customer_id, one.source, one.number), [])
        brought = _in_shop_money(one.total - one.tax - one.shipping, one.rate)
        net = brought - sum(_in_shop_money(amount, one.rate) for amount in refunds)
        is_paid = one.confirmed and one.paid_at is not None and one.cancelled_at is None
        is_given_back = 0 < sum(refunds) >= one.total
        found[one.customer_id, one.source, one.number] = (net, is_paid and not is_given_back, one.ordered_at)
    return found


def _in_shop_money(amount: int, rate: Decimal) -> int:
    return int((amount * rate).quantize(Decimal(1), ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Rows:
    """The bare rows as frames: ``people`` by number, ``acts`` (activity) and ``orders`` (those that count)."""

    people: pd.DataFrame
    acts: pd.DataFrame
    orders: pd.DataFrame


def rows_of_the_shop() -> Rows:
    """Calendar days are those of the shop's zone; ``net`` is what is left of an order, in cents."""
    names = (
        "pk",
        "identified",
        "registered_at",
        "channel__slug",
        "channel__parent__slug",
        "gender",
        "user_id",
    )
    people = pd.DataFrame(Customer.objects.living().values(*names)).set_index("pk")
    people["upper"] = people["channel__parent__slug"].fillna(people["channel__slug"]).fillna("-")
    people["registered"] = days_of(people["registered_at"])
    told = Event.objects.filter(type__is_activity=True, customer__erased_at=None)
    acts = pd.DataFrame(told.values("customer_id", "occurred_at", "type__name", "category"))
    acts.columns = pd.Index(["who", "at", "name", "category"])
    acts["day"] = days_of(acts["at"])
    orders = pd.DataFrame(
        {"who": key[0], "at": at, "net": worth}
        for key, (worth, counts, at) in money().items() if counts
    )  # fmt: skip
    orders["day"] = days_of(orders["at"])
    return Rows(people, acts, orders)


def days_of(instants: "pd.Series[Any]") -> "pd.Series[Any]":
    """The calendar day of instants in the shop's zone."""
    there = pd.to_datetime(instants, utc=True).dt.tz_convert(str(ZONE))
    return there.dt.tz_localize(None).dt.normalize()


def people_of_rows() -> list[Somebody]:
    """For the oracle of the figures of the day."""
    worth, lines = money(), dict[tuple[int, str, str], list[str]]()
    for who, source, number, category in OrderLine.objects.values_list(
        "customer_id", "source", "number", "category"
    ):
        lines.setdefault((who, source, number), []).append(category)
    people = {
        pk: Person(pk, known=known, erased=bool(gone), shy=shy, zone=zone, pk=pk)
        for pk, known, gone, shy, zone in Customer.objects.values_list(
            "pk", "identified", "erased_at", "no_profiling", "time_zone"
        )
    }
    for one in Order.objects.all():
        key = (one.customer_id, one.source, one.number)
        bought = Bought(one.ordered_at, worth[key][0], lines.get(key, []), counts=worth[key][1])
        people[one.customer_id].orders.append(bought)
    told = Event.objects.filter(type__is_activity=True).order_by("occurred_at")
    for pk, name, at, about in told.values_list("customer_id", "type__name", "occurred_at", "category"):
        people[pk].seen.append(at)
        people[pk].acts.append((name, at, about or ""))
    return list(people.values())


def lives_of_rows(*, visitors: bool = False) -> dict[str, list[datetime]]:
    """For the oracles of stages and activity: when whom was active."""
    told = Event.objects.filter(type__is_activity=True, customer__erased_at=None)
    if not visitors:
        told = told.filter(customer__identified=True)
    lives_: dict[str, list[datetime]] = {}
    for pk, at in told.order_by("occurred_at").values_list("customer_id", "occurred_at"):
        lives_.setdefault(str(pk), []).append(at)
    return lives_
