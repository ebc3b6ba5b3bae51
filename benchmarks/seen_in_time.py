"""W1d: from the moment an event is accepted until its customer is a member and the event of it is on record.

Three sessions work as in production: the front door accepts bodies at a steady rate, the intake applies them and the
refresh looks every other second, as their jobs do. One event in ten is a probe that lets its customer enter a segment.
Not a workload by itself.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

import users.handlers
from benchmarks.figure import Figure
from config.kit import clock
from config.kit.batches import fetch
from config.schedule import job
from segments.services.rebuild import rebuild
from segments.services.refresh import is_due, refresh
from segments.services.segments import create_segment
from users import facts
from users.services.accept import accept
from users.services.intake import apply_waiting

EVENTS_A_SECOND = 200
BODY = 50
PROBES_IN_TEN = 1
SECONDS = 30
PROBE = "Benchmark Probe"
SLOW = 5.0


@dataclass
class Shop:
    """What the three sessions share. Instants are those of ``time.monotonic``."""

    customers: list[str]
    ends: float
    accepted: dict[str, float] = field(default_factory=dict)
    member_at: dict[str, float] = field(default_factory=dict)
    told_at: dict[str, float] = field(default_factory=dict)
    refreshes: list[float] = field(default_factory=list)
    draw: random.Random = field(default_factory=lambda: random.Random(5))

    def front_door(self) -> None:
        """Accept a body, wait for the moment of the next: steady, however long it took."""
        number, began = 0, time.monotonic()
        while time.monotonic() < self.ends:
            number += 1
            now = clock.now()
            items = [self._item(f"d{number}-{n}", now, n) for n in range(BODY)]
            accept(items, key=None, confirmed=True)
            told = time.monotonic()
            for item in items:
                if item["name"] == PROBE:
                    self.accepted.setdefault(item["user_id"], told)
            time.sleep(max(0.0, began + number * BODY / EVENTS_A_SECOND - time.monotonic()))

    def _item(self, key: str, now: Any, number: int) -> dict[str, Any]:
        is_probe = number % 10 < PROBES_IN_TEN
        who = self.customers.pop() if is_probe else self.draw.choice(self.customers)
        name = PROBE if is_probe else self.draw.choice(("Product Viewed", "Product Viewed", "Product Added"))
        return {
            "type": "track", "message_id": key, "user_id": who, "anonymous_id": None, "previous_id": None,
            "name": name, "occurred_at": now.isoformat(), "clamped": False,
            "properties": {"category": "Jazz"}, "traits": {}, "context": {},
        }  # fmt: skip

    def intake(self) -> None:
        """The job every two seconds, and the nudge that every second brings."""
        while time.monotonic() < self.ends + SLOW:
            apply_waiting()
            time.sleep(1.0)

    def refresher(self) -> None:
        """The job by its period: a run that takes longer than that is followed by the next slot."""
        period = job("segments.refresh").every.total_seconds()
        slot = time.monotonic()
        while time.monotonic() < self.ends + 2 * SLOW:
            if is_due(clock.now()):
                began = time.monotonic()
                refresh(wait=False)
                self.refreshes.append(time.monotonic() - began)
            slot += period * max(1, -(-(time.monotonic() - slot) // period))
            time.sleep(max(0.0, slot - time.monotonic()))

    def watch(self, segment: int) -> None:
        """Look five times a second."""
        while time.monotonic() < self.ends + 2 * SLOW:
            self.look(segment)
            time.sleep(0.2)

    def look(self, segment: int) -> None:
        """See who is a member by now and whose entering is on record."""
        for found, statement in ((self.member_at, _MEMBERS), (self.told_at, _TOLD)):
            rows = fetch(statement, {"segment": segment})
            seen = time.monotonic()
            for (user_id,) in rows:
                found.setdefault(user_id, seen)

    def come_to_rest(self, segment: int) -> None:
        """Apply and refresh what is left, so that late and lost are told apart."""
        while apply_waiting().bodies:
            pass
        refresh()
        self.look(segment)


_MEMBERS = """
SELECT customer.user_id FROM segments_membership member JOIN users_customer customer ON customer.id = member.customer_id
WHERE member.segment_id = %(segment)s
"""
_TOLD = """
SELECT customer.user_id FROM segments_membershipchange change
JOIN users_event event ON event.customer_id = change.customer_id
     AND event.message_id = 'segment:' || change.segment_id || ':run:' || change.run_id
JOIN users_customer customer ON customer.id = change.customer_id
WHERE change.segment_id = %(segment)s
"""


def figures() -> Iterator[Figure]:
    """Half a minute of steady intake on top of the segments that there are."""
    _be_later_than_all_runs()
    rule = {"version": 1, "root": {"all": [{"event": PROBE, "op": "did", "in_last_days": 7}]}}
    segment = rebuild(create_segment(name="Probed", rule=rule, by=None))
    refresh()
    enough = EVENTS_A_SECOND * SECONDS
    rows = fetch("SELECT user_id FROM users_customer WHERE erased_at IS NULL ORDER BY id LIMIT %s", [enough])
    shop = Shop([user_id for (user_id,) in rows], time.monotonic() + SECONDS)
    listening = dict(users.handlers._by_event)
    users.handlers._by_event[facts.SEGMENT_ENTERED] = [*listening.get(facts.SEGMENT_ENTERED, []), "benchmark"]
    try:
        _together(shop.front_door, shop.intake, shop.refresher, lambda: shop.watch(segment.pk))
        shop.come_to_rest(segment.pk)
    finally:
        users.handlers._by_event.clear()
        users.handlers._by_event.update(listening)
    yield from _judged(shop)


def _be_later_than_all_runs() -> None:
    """The refreshes before this moved ahead of the clock; a clock set back would make every segment anew."""
    ((ahead,),) = fetch("SELECT max(computed_at) - now() FROM segments_segment")
    clock.set_offset(ahead)


def _judged(shop: Shop) -> Iterator[Figure]:
    seen = [(shop.member_at.get(who), shop.told_at.get(who), at) for who, at in shop.accepted.items()]
    lost = sum(member is None or told is None for member, told, _at in seen)
    waits = sorted(
        max(member, told) - at for member, told, at in seen if member is not None and told is not None
    )
    p95 = waits[int(len(waits) * 0.95)] if waits else float("inf")
    yield Figure(
        "W1d", "median refresh while events come in", sorted(shop.refreshes)[len(shop.refreshes) // 2]
    )
    yield Figure(
        "W1d", "event accepted to member and told of, median", waits[len(waits) // 2] if waits else 0.0
    )
    name = f"event accepted to member and told of, p95 of {len(shop.accepted)}"
    yield Figure("W1d", name, p95, goal="≤ 5 s", met=p95 <= SLOW)
    yield Figure("W1d", "of these lost", lost, "", goal="0", met=lost == 0)


def _together(*acts: Callable[[], None]) -> None:
    problems = list[BaseException]()

    def session(act: Callable[[], None]) -> None:
        try:
            act()
        except BaseException as problem:
            problems.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=session, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
