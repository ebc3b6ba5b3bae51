"""A shop kept twice: as rows in the tables, with touches, and as the plain data the oracle reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from django.db.models import Model

from config.kit.batches import execute, fetch
from segments.models import FigureCut, Membership, MembershipChange, Run, Segment, SegmentRun, SegmentVersion
from tests import oracle, oracle_time
from tests.oracle import Happening, Person, Shop
from users.models import (
    AuditEntry,
    Consent,
    ContactPoint,
    Customer,
    CustomerTag,
    Event,
    EventType,
    Order,
    OrderLine,
    StageMove,
    Standing,
    Tag,
    Topic,
    Touched,
)
from users.services.touch import touch
from users.topics import TouchTopic

oracle.ASKED.update(oracle_time.ASKED)

EVENTS = ("Product Viewed", "Product Added")
TAGS = ("VIP", "Press", "O'Hara")
STANDING = {
    "stage": "stage",
    "stage_since": "stage_at",
    "last_activity": "last_activity_at",
    "first_activity": "first_activity_at",
    "active_days": "active_days",
    "orders": "orders",
    "revenue": "revenue",
    "first_order": "first_order_at",
    "last_order": "last_order_at",
}
TABLES = (
    *(model._meta.db_table for model in (
        Touched, CustomerTag, Consent, ContactPoint, Event, Order, OrderLine, StageMove, Standing, Customer, AuditEntry,
    )),
    *(model._meta.db_table for model in (
        Membership, MembershipChange, SegmentRun, Run, SegmentVersion, Segment, FigureCut,
    )),
)  # fmt: skip
EMPTY = ";".join(f"DELETE FROM {table}" for table in TABLES)


@dataclass
class World:
    """``people`` is what the oracle reads; erased ones are gone from it."""

    now: datetime
    people: dict[int, Person] = field(default_factory=dict)
    numbers: Any = field(default_factory=count)
    tags: dict[str, int] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)
    topics: dict[str, int] = field(default_factory=dict)
    shop: Shop = field(default_factory=Shop)
    # Rows that wait to be written together, by model; None: each is written at once, with its touch.
    later: dict[type[Model], list[Any]] | None = None

    def __post_init__(self) -> None:
        self.shop.people = self.people

    @classmethod
    def empty(cls, now: datetime, *, sweep: bool = True) -> "World":
        """A shop without anybody; without ``sweep`` the tables are known to be empty."""
        execute(EMPTY if sweep else "SELECT 1")
        EventType.objects.bulk_create(
            [EventType(name=name, first_seen_at=now) for name in EVENTS], ignore_conflicts=True
        )
        Tag.objects.bulk_create([Tag(name=name) for name in TAGS], ignore_conflicts=True)
        return cls(
            now,
            tags=dict(Tag.objects.values_list("name", "pk")),
            types=dict(EventType.objects.values_list("name", "pk")),
            topics=dict(Topic.objects.values_list("slug", "pk")),
        )

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write what happens inside in one statement per table, and touch nobody: for shops to be asked once.

        A new shop took 60 statements, which was more than asking it twenty rules.
        """
        self.later = {}
        yield
        self._catch_up()
        self.later = None

    def _catch_up(self) -> None:
        """Write what waits; before anything that changes or removes rows."""
        if self.later is None:
            return
        for model, rows in self.later.items():
            model._default_manager.bulk_create(rows)
        self.later = {}

    def _add(self, row: Model) -> None:
        if self.later is None:
            row.save(force_insert=True)
        else:
            self.later.setdefault(type(row), []).append(row)

    def _touch(self, person: Person, topic: TouchTopic) -> None:
        if self.later is None:
            touch([person.pk], topic)

    def arrives(self, values: dict[str, Any], attributes: dict[str, Any], interests: set[str]) -> Person:
        """A new customer."""
        columns, standing = _columns(values)
        made = Customer(
            pk=next(self.numbers) + 1,
            first_seen_at=self.now,
            attributes=attributes,
            interests=sorted(interests),
            **columns,
        )
        self._add(made)
        self._add(Standing(customer=made, **standing))
        person = Person(made.pk, {"stage": "prospect", **_defaults(), **values}, attributes)
        person.shop = self.shop
        person.sets = {"interests": interests, "tags": set(), "reachable_by": set()}
        self.people[made.pk] = person
        self._touch(person, TouchTopic.PROFILE)
        return person

    def changes(self, person: Person, values: dict[str, Any]) -> None:
        """Profile, stage and figures take new values."""
        self._catch_up()
        columns, standing = _columns(values)
        if columns:
            Customer.objects.filter(pk=person.pk).update(**columns)
            self._touch(person, TouchTopic.PROFILE)
        if standing:
            Standing.objects.filter(pk=person.pk).update(**standing)
            self._touch(person, TouchTopic.STAGE)
            self._touch(person, TouchTopic.ORDERS)
        person.values.update(values)

    def does(self, person: Person, name: str, at: datetime, properties: dict[str, Any]) -> None:
        """An event."""
        self._add(Event(
            customer_id=person.pk, message_id=f"m{next(self.numbers)}", type_id=self.types[name],
            occurred_at=at, received_at=self.now, category=properties.get("category"),
            value=properties.get("value"),
            properties={key: properties[key] for key in properties.keys() - {"category", "value"}},
        ))  # fmt: skip
        person.happenings.append(Happening(name, at, properties))
        self._touch(person, TouchTopic.EVENTS)

    def orders(self, person: Person, at: datetime, net: int, categories: set[str], counts: bool) -> None:
        """An order; one that does not count is invisible to rules."""
        number = f"o{next(self.numbers)}"
        self._add(Order(
            customer_id=person.pk, source="shop", number=number, ordered_at=at, confirmed=True,
            currency="USD", total=net, net=net, counts=counts,
        ))  # fmt: skip
        lines = _lines(categories)
        shares = oracle.parts(net, lines)
        for line, ((product, category, quantity), share) in enumerate(zip(lines, shares, strict=True)):
            self._add(OrderLine(
                customer_id=person.pk, source="shop", number=number, line=line, category=category,
                product_id=product, quantity=quantity, price=1, amount=quantity,
                share=share, sold_at=at if counts else None,
            ))  # fmt: skip
        if counts:
            person.happenings.extend(
                Happening("order_lines", at, {"product": product or None, "category": category,
                                              "quantity": quantity, "amount": part})
                for (product, category, quantity), part in zip(lines, shares, strict=True)
            )  # fmt: skip
            person.happenings.append(Happening("orders", at, {"net": net, "category": frozenset(categories)}))
        self._touch(person, TouchTopic.ORDERS)

    def is_tagged(self, person: Person, name: str) -> None:
        """A tag is put on, or taken off where it is there."""
        self._catch_up()
        row = {"customer_id": person.pk, "tag_id": self.tags[name]}
        if name in person.sets["tags"]:
            CustomerTag.objects.filter(**row).delete()
        else:
            CustomerTag.objects.create(**row, tagged_at=self.now, source="hand")
        person.sets["tags"] ^= {name}
        self._touch(person, TouchTopic.TAGS)

    def answers(self, person: Person, topic: str, granted: bool) -> None:
        """A consent or a refusal for e-mail."""
        self._catch_up()
        key = {"customer_id": person.pk, "channel": "email", "topic_id": self.topics[topic]}
        Consent.objects.filter(**key).update(is_current=False)
        Consent.objects.create(
            **key, key=f"c{next(self.numbers)}", granted=granted, given_at=self.now, recorded_at=self.now,
            source="test", is_current=True,
        )  # fmt: skip
        person.consents["email", topic] = granted
        self._touch(person, TouchTopic.CONSENT)

    def gets_contact(self, person: Person, state: str, confirmed: bool) -> None:
        """One more e-mail address."""
        self._add(ContactPoint(
            customer_id=person.pk, channel="email", address=f"a{next(self.numbers)}@example.com", state=state,
            confirmed=confirmed, added_at=self.now, changed_at=self.now,
        ))  # fmt: skip
        person.contacts.append(("email", state, confirmed))
        if confirmed and state in {"unverified", "verified"}:
            person.sets["reachable_by"].add("email")
        self._touch(person, TouchTopic.CONTACT)

    def moves(self, person: Person, at: datetime, to: str) -> None:
        """A move between stages, later than those before it."""
        self._add(StageMove(
            customer_id=person.pk, at=at, noticed_at=at, from_stage="active", to_stage=to, cause="clock",
            rule_version=1, starts_things=False,
        ))  # fmt: skip
        person.moves = sorted([*person.moves, (at, to)])
        self._touch(person, TouchTopic.STAGE)

    def is_erased(self, person: Person) -> None:
        """A tombstone remains."""
        Customer.objects.filter(pk=person.pk).update(erased_at=self.now)
        self._touch(person, TouchTopic.PROFILE)
        del self.people[person.pk]

    def is_gone(self, person: Person) -> None:
        """The customer was joined to another: the row is no more."""
        Standing.objects.filter(pk=person.pk).delete()
        execute("DELETE FROM users_customer WHERE id = %s", [person.pk])
        self._touch(person, TouchTopic.PROFILE)
        del self.people[person.pk]

    def read_memberships(self) -> None:
        """Give the oracle who is in which segment since when, as stored."""
        for person in self.people.values():
            person.segments, person.log = {}, {}
        self.shop.cuts.clear()
        for cut in FigureCut.objects.order_by("at"):
            self.shop.cuts.setdefault((cut.figure, cut.percent), []).append((cut.at, cut.value))
        for change in MembershipChange.objects.order_by("run_id"):
            if change.customer_id in self.people:
                log = self.people[change.customer_id].log
                log.setdefault(change.segment_id, []).append((change.at, change.entered))
        for customer, segment, at in Membership.objects.values_list(
            "customer_id", "segment_id", "entered_at"
        ):
            if customer in self.people:
                self.people[customer].segments[segment] = at

    def touched(self) -> int:
        """How long the queue is."""
        return int(fetch("SELECT count(*) FROM users_touched")[0][0])


def _lines(categories: set[str]) -> list[tuple[str, str, int]]:
    """Product, category and quantity of each line of an order; a product that was not named among them."""
    named = {"Jazz": "p1", "Rock": ""}
    lines = [(named[category], category, at + 1) for at, category in enumerate(sorted(categories))]
    return [*lines, ("p2", "Jazz", 4)] if len(lines) > 1 else lines


def _columns(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    columns = {key: value for key, value in values.items() if key not in STANDING}
    return columns, {STANDING[key]: value for key, value in values.items() if key in STANDING}


def _defaults() -> dict[str, Any]:
    return {"active_days": 0, "orders": 0, "revenue": 0, "identified": False, "no_profiling": False}
