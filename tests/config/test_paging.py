"""Next and previous by the last row seen."""

from base64 import urlsafe_b64encode
from datetime import UTC, date, datetime, timedelta

import pytest

from config.kit.paging import Cursor, page
from users.models import Customer, ExchangeRate

pytestmark = pytest.mark.django_db
START = datetime(2026, 5, 1, tzinfo=UTC)
ORDER = ("-first_seen_at", "-pk")


@pytest.fixture
def seven() -> list[int]:
    """Ids of seven customers, newest first; each pair was first seen at the same instant."""
    made = [
        Customer.objects.create(user_id=f"c{n}", first_seen_at=START + timedelta(days=n // 2))
        for n in range(7)
    ]
    return [customer.pk for customer in reversed(made)]


def walk(cursor: str) -> tuple[list[int], str, str]:
    found = page(Customer.objects.all(), ORDER, cursor, size=3)
    return [row.pk for row in found.rows], found.next, found.previous


def test_forwards_and_back_over_ties(seven: list[int]) -> None:
    first, after_first, before_first = walk("")
    assert (first, before_first) == (seven[:3], "")
    second, after_second, before_second = walk(after_first)
    assert second == seven[3:6]
    last, after_last, before_last = walk(after_second)
    assert (last, after_last) == (seven[6:], "")
    back, forward_again, _ = walk(before_last)
    assert back == seven[3:6]
    assert walk(forward_again)[0] == seven[6:]
    start, _, before_start = walk(before_second)
    assert (start, before_start) == (seven[:3], "")


def test_days_are_an_order_too() -> None:
    for number in range(5):
        ExchangeRate.objects.create(currency="EUR", day=date(2026, 5, 1 + number), rate=1)
    rows = ExchangeRate.objects.all()
    first = page(rows, ("-day", "currency"), size=2)
    second = page(rows, ("-day", "currency"), first.next, size=2)
    assert [row.day.day for row in (*first.rows, *second.rows)] == [5, 4, 3, 2]
    nonsense = urlsafe_b64encode(b'[false, ["d", "2026-02-30"], "EUR"]').decode()
    assert page(rows, ("-day", "currency"), nonsense, size=2).rows == first.rows


def test_a_full_last_page_has_no_next(seven: list[int]) -> None:
    assert page(Customer.objects.all(), ORDER, size=7).next == ""


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "%%%",
        "\x00",
        Cursor(("a", "b")).encode(),
        Cursor((1,)).encode(),
        Cursor((START, "\x00")).encode(),
        Cursor((START, "x")).encode(),
        Cursor((START, 2**70)).encode()[:-3],
        "W10",
    ],
)
def test_a_cursor_that_makes_no_sense_begins_at_the_start(seven: list[int], cursor: str) -> None:
    assert walk(cursor)[0] == seven[:3]


def test_an_empty_table_has_no_pages() -> None:
    assert walk("") == ([], "", "")
