"""The relationship phase, and what happened in a sentence."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.utils.translation import override

from users.phase import Phase, phase
from users.sentences import sentence, symbol

ORDER = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
SHOP = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("days", "order", "last", "expected"),
    [
        (0, None, None, Phase.NONE),
        (1, None, ORDER, Phase.JUDGING),
        (1, ORDER, ORDER + timedelta(hours=11), Phase.JUDGING),
        (2, None, ORDER, Phase.VERIFYING),
        (4, None, ORDER, Phase.VERIFYING),
        (5, None, ORDER, Phase.SETTLED),
        (2, ORDER, ORDER + timedelta(hours=13), Phase.SETTLED),
        (2, ORDER, ORDER, Phase.VERIFYING),
    ],
)
def test_phase(days: int, order: datetime | None, last: datetime | None, expected: Phase) -> None:
    assert phase(days, order, last, SHOP) == expected


@pytest.mark.parametrize(
    ("name", "properties", "expected"),
    [
        ("Product Viewed", {"name": "Kind of Blue"}, "Viewed Kind of Blue"),
        ("Product Viewed", {"product_id": "p1"}, "Viewed p1"),
        ("Products Searched", {"query": "miles"}, "Searched for miles"),
        ("Order Completed", {"order_id": "A-1", "name": "x"}, "Ordered (order A-1)"),
        ("stage_changed", {"from": "active", "to": "dormant"}, "Became Dormant"),
        ("Checked In", {"streak": 3}, "Checked in, day 3 in a row"),
        ("Danced", {}, "Danced"),
        ("Danced", {"name": "Tango"}, "Danced: Tango"),
        ("Danced", {"name": {"a": 1}}, "Danced"),
    ],
)
def test_sentences(name: str, properties: dict[str, object], expected: str) -> None:
    with override("en"):
        assert sentence(name, properties) == expected


def test_an_unknown_event_has_a_plain_symbol() -> None:
    assert (symbol("Danced"), symbol("Product Viewed")) == ("radio_button_unchecked", "visibility")
