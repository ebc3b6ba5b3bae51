"""A preview that is too slow is cut off, and the intake does not notice that it ran."""

import threading
import time
from typing import Any

import pytest
from django.db import connections

from config.kit import clock
from config.kit.batches import execute, fetch
from config.kit.refusal import Refusal
from segments.services import preview as previews
from segments.services.preview import preview
from tests.segments.shop import rule
from tests.users.door import hand_in, track
from users.models import Customer, Event, IntakeBody
from users.services.intake import apply_waiting

pytestmark = pytest.mark.django_db(transaction=True)

BODIES, EACH = 30, 20
SLOW = {"field": "city", "op": "is_known"}


def bodies(name: str) -> None:
    for body in range(BODIES):
        hand_in(*[
            track("Product Viewed", at=clock.now(), user=f"u{n}", message_id=f"{name}-{body}-{n}")
            for n in range(EACH)
        ])  # fmt: skip


def applied() -> float:
    """Seconds to apply what waits."""
    began = time.monotonic()
    while IntakeBody.objects.exists():
        apply_waiting(5)
    return time.monotonic() - began


def slow_previews(until: threading.Event, outcomes: list[str]) -> None:
    try:
        while not until.is_set():
            try:
                preview(rule(SLOW), clock.now())
                outcomes.append("counted")
            except Refusal as refusal:
                outcomes.append(refusal.code)
    finally:
        connections.close_all()


def test_slow_previews_are_cut_off_and_the_intake_keeps_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each preview would wait for a minute; three at a time are asked without pause while bodies are applied."""
    asked = previews.check_cost

    def slow(chosen: Any) -> None:
        asked(chosen)
        execute("SELECT pg_sleep(60)")

    monkeypatch.setattr(previews, "check_cost", slow)
    monkeypatch.setattr(previews, "SECONDS", 1)
    bodies("first")
    applied()
    bodies("alone")
    alone = applied()
    bodies("beside")
    done, outcomes = threading.Event(), list[str]()
    threads = [threading.Thread(target=slow_previews, args=(done, outcomes)) for _number in range(3)]
    for thread in threads:
        thread.start()
    beside = applied()
    time.sleep(max(0.0, 1.5 - beside))
    done.set()
    for thread in threads:
        thread.join(timeout=20)

    assert set(outcomes) == {"too_slow"}
    assert len(outcomes) >= 3
    assert Event.objects.filter(type__name="Product Viewed").count() == 3 * BODIES * EACH
    assert Customer.objects.filter(user_id__startswith="u").count() == EACH
    assert beside < 3 * alone + 1
    assert not fetch(
        "SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60%' AND state = 'active'"
    )
