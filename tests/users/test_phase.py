"""The relationship phase, and what happened in a sentence."""

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override

from config.kit import clock
from tests.clock import move_to
from tests.users.door import identify, send, track, visit
from users.groups import read_group
from users.models import Customer, Standing
from users.phase import Phase, phase
from users.reports import activity
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


@pytest.mark.django_db
def test_the_phase_of_many_is_the_phase_of_each() -> None:
    now = move_to(datetime(2026, 5, 20, 16, 30, tzinfo=UTC))  # half past midnight of the 21st in the shop
    for number in range(1, 7):
        send(*(visit(at=now - timedelta(days=back), user=f"c{number}") for back in range(number)))
    send(identify(at=now, user="nobody", name="Nobody"))
    for user, back in (("same-day", 0), ("day-after", 1)):
        at = now - timedelta(hours=back)
        send(track("Order Completed", at=at, user=user, order_id=user, total=5, currency="USD"))
        send(visit(at=now, user=user))
    each = Counter(
        phase(row.active_days, row.first_order_at, row.last_activity_at, ZoneInfo("Asia/Shanghai"))
        for row in Standing.objects.all()
    )
    found = activity.phases(clock.now()).customers
    assert {which: n for which, n in found.items() if n} == each
    assert each == {Phase.NONE: 1, Phase.JUDGING: 2, Phase.VERIFYING: 3, Phase.SETTLED: 3}
    for which, number in found.items():
        group = read_group(f"dimension?by=phase&value={which.value}", now)
        assert Customer.objects.filter(pk__in=group.customers).count() == number
