"""One log, delivered in every way: the same customers, stages, orders, days, answers, first touches and figures.

Also with a join by hand, a file that is taken back, or an erasure at any moment. ``LOG_EXAMPLES=100`` looks longer.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.apps import apps
from django.db import transaction
from django.test import override_settings
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from config.kit import clock
from config.kit.batches import fetch
from tests.clock import move_to
from tests.segments.zones import ZONES
from tests.users.door import hand_in
from tests.users.files.hands import checked, run, undo
from tests.users.log import DAY, LOG, NOON, figures, open_shop, outcome
from users.models import Customer, Identity, Import, Order
from users.services import erase, hand_join, stages
from users.services.intake import apply_waiting

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("LOG_EXAMPLES", "5"))
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""To look for the smallest of so large an example takes longer than a test may."""
Bodies = list[tuple[datetime, list[int], bool]]
"""When each arrives, which items of the log it holds, whether as history."""


def deliver(
    bodies: Bodies, zone: str, *, at_once: bool = False,
    between: Callable[[int], None] = lambda number: None, look: Callable[[], Any] = outcome,
) -> Any:  # fmt: skip
    """Hand bodies in when it is their time, apply, let time pass, look, and undo everything.

    ``between`` is called after each body.
    """
    with transaction.atomic(), override_settings(SHOP_TIME_ZONE=zone):
        move_to(NOON)
        open_shop()
        for number, (at, body, is_history) in enumerate(bodies):
            now = move_to(at)
            for confirmed in (True, False):
                items = [LOG[index].item for index in body if LOG[index].confirmed is confirmed]
                if items:
                    hand_in(*items, confirmed=confirmed, is_history=is_history)
            if not at_once:
                apply_waiting(100)
                stages.move_stages(now)
                between(number)
        now = move_to(NOON)
        apply_waiting(1_000)
        stages.move_stages(now)
        found = look()
        transaction.set_rollback(True)
    return found


@cache
def expected(zone: str) -> Any:
    """What the log comes to: all of it in one body."""
    return deliver(
        [(NOON, list(range(len(LOG))), False)], zone, at_once=True, look=lambda: (outcome(), figures())
    )


@st.composite
def shuffled(draw: Any) -> Bodies:
    """All at noon: in any order, some of it repeated, cut into bodies."""
    indexes = list(range(len(LOG)))
    again = draw(st.lists(st.sampled_from(indexes), max_size=8))
    order = draw(st.permutations(indexes + again))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1), min_size=2, max_size=6)))
    return [
        (NOON, order[a:b], draw(st.booleans())) for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)
    ]


@st.composite
def late(draw: Any) -> Bodies:
    """Over months: each item at some time after it happened, some of it twice."""
    ages = sorted(draw(st.sets(st.integers(0, 95), min_size=2, max_size=6)), reverse=True)
    instants = [*(NOON - age * DAY for age in ages), NOON]
    bodies: dict[datetime, list[int]] = defaultdict(list)
    for index in draw(st.permutations(range(len(LOG)))):
        after = [at for at in instants if at >= LOG[index].at] or [NOON]
        for _time in range(draw(st.sampled_from((1, 1, 1, 2)))):
            bodies[draw(st.sampled_from(after))].append(index)
    return [(at, bodies[at], draw(st.booleans())) for at in instants if bodies[at]]


deliveries = st.one_of(shuffled(), late())
moments = st.floats(0, 0.99)
"""How far into a delivery something else happens."""


@given(bodies=deliveries, at_once=st.sampled_from((False, False, True)), zone=st.sampled_from(ZONES))
@settings(max_examples=EXAMPLES, deadline=None, phases=UNSHRUNK)
def test_however_it_is_delivered(bodies: Bodies, at_once: bool, zone: str) -> None:
    wanted, wanted_figures = expected(zone)
    found, found_figures = deliver(bodies, zone, at_once=at_once, look=lambda: (outcome(), figures()))
    for name, rows in wanted.items():
        assert found[name] == rows, name
    assert found_figures == wanted_figures


def join_by_hand() -> None:
    """A visitor is erin, as soon as both are there."""
    found = Identity.objects.filter(kind="anonymous_id", value="d4").first()
    erin = Customer.objects.filter(user_id="erin").first()
    if found and erin and found.customer_id != erin.pk:
        word = hand_join.preview(found.customer_id, erin.pk).word
        hand_join.join_by_hand(found.customer_id, erin.pk, typed=word, by=None, now=clock.now())


def joined() -> dict[str, Any]:
    join_by_hand()
    stages.move_stages(clock.now())
    return outcome()


@given(bodies=deliveries, when=moments)
@settings(max_examples=max(2, EXAMPLES // 2), deadline=None, phases=UNSHRUNK)
def test_with_a_join_by_hand_at_any_moment(bodies: Bodies, when: float) -> None:
    first = int(when * len(bodies))
    found = deliver(
        bodies, ZONES[0], between=lambda number: join_by_hand() if number >= first else None, look=joined
    )
    assert [row[0] for row in found["people"]] == ["alice", "bob", "carol", "dora", "erin"]
    wanted = cached_join()
    for name, rows in wanted.items():
        assert found[name] == rows, name


@cache
def cached_join() -> dict[str, Any]:
    everything: dict[str, Any] = deliver([(NOON, list(range(len(LOG))), False)], ZONES[0], look=joined)
    return everything


HEAD = ("order id", "user_id", "date", "total", "refund amount")
ROWS = (
    ("H1", "alice", "2024-02-29", "50", ""),
    ("H2", "erin", "2025-12-31", "20", "20"),
    ("H3", "bob", "2026-02-01", "8", "3"),
    ("H4", "nobody before", "2025-10-26", "9", ""),
)


@given(bodies=deliveries, begin=moments, end=moments, zone=st.sampled_from(ZONES))
@settings(max_examples=max(2, EXAMPLES // 2), deadline=None, phases=UNSHRUNK)
def test_with_history_from_a_file_that_is_taken_back(
    bodies: Bodies, begin: float, end: float, zone: str
) -> None:
    """Orders of years before, imported and undone at any two moments, leave what was there without them."""
    first = int(begin * len(bodies))
    last = first + int(end * (len(bodies) - first))
    files: list[Import] = []

    def between(number: int) -> None:
        if number == first:
            files.append(run(checked("orders", HEAD, *ROWS)))
            assert Order.objects.filter(number__startswith="H").count() == len(ROWS)
        if number == last:
            undo(files[0])

    found, wanted = deliver(bodies, zone, between=between), expected(zone)[0]
    for name, rows in wanted.items():
        assert found[name] == rows, name


def erase_alice() -> None:
    if alice := Customer.objects.filter(user_id="alice").first():
        erase.erase(alice.pk, by=None, now=clock.now())


def after_an_erasure() -> tuple[dict[str, Any], list[str], int]:
    """What is left of everybody, where her name still stands, and what her orders came to."""
    tables = [model._meta.db_table for model in apps.get_app_config("users").get_models()]
    named = [
        name for name in tables if fetch(f"SELECT 1 FROM \"{name}\" t WHERE t::text ~* 'alice(?!@)' LIMIT 1")
    ]
    gone = Order.objects.filter(customer__erased_at__isnull=False, counts=True)
    return outcome(), named, sum(gone.values_list("net", flat=True))


@given(bodies=deliveries, when=moments)
@settings(max_examples=max(2, EXAMPLES // 2), deadline=None, phases=UNSHRUNK)
def test_with_an_erasure_at_any_moment(bodies: Bodies, when: float) -> None:
    """She is gone and comes back by nothing that is told later; everybody else is as without it, and money stays."""
    first = int(when * len(bodies))
    told = {index for _at, body, _history in bodies[: first + 1] for index in body}
    with TemporaryDirectory() as folder, override_settings(DATA_DIR=Path(folder), SINK_DIR=Path(folder)):
        found, named, money = deliver(
            bodies,
            ZONES[0],
            between=lambda number: erase_alice() if number >= first else None,
            look=after_an_erasure,
        )
    wanted = expected(ZONES[0])[0]
    others = {"bob", "carol", "dora", "erin"}
    for name in wanted.keys() - {"waiting"}:
        assert [row for row in found[name] if row[0] in others] == [
            row for row in wanted[name] if row[0] in others
        ], name
    assert {row[0] for row in found["people"]} == others | {None}
    assert named == []
    if {index for index, one in enumerate(LOG) if one.confirmed and "Order" in str(one.item["name"])} <= told:
        assert money == 6_200


def days_of_dora(zone: str) -> dict[date, int]:
    """By a calendar of that place."""
    here = ZoneInfo(zone)
    return Counter(one.at.astimezone(here).date() for one in LOG if one.item["user_id"] == "dora")


@pytest.mark.parametrize("zone", ZONES)
def test_what_it_should_come_to(zone: str) -> None:
    found, _figures = expected(zone)
    assert [row[0] for row in found["people"]] == ["alice", "bob", "carol", "dora", "erin", None]
    standing = {row[0]: row[1:] for row in found["standing"]}
    assert (standing["alice"][0], standing["alice"][1]) == ("returning", NOON - 3 * DAY)
    assert (standing["alice"][7:9], standing["bob"][7:9], standing["carol"][7:9]) == (
        (1, 6_200), (2, 5_200), (1, 2_700),
    )  # fmt: skip
    assert standing["erin"][:2] == ("churned", NOON - 10 * DAY)  # what is to come has not come yet
    assert found["answers"] == [
        ("alice", "email", "news", True), ("alice", "sms", "news", False), ("bob", "email", "news", True),
    ]  # fmt: skip
    touched = {row[0]: row[1:] for row in found["touches"]}
    assert touched["alice"][2:4] == ("", "Baidu") and touched["bob"][1] == "west"
    assert touched["carol"][4] == "June"  # of two at one instant, by what they say
    assert {row[1]: row[4] for row in found["days"] if row[0] == "dora"} == days_of_dora(zone)
    (cancelled,) = [row[5] for row in found["orders"] if row[2] == "3"]
    assert cancelled == NOON - DAY  # when it was first told to be
    assert found["waiting"] == []
