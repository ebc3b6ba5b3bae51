"""Heavy rows are kept for a shop day and say since when; light ones and those that tell of people are not."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection

from config.kit.refusal import Refusal
from tests.clock import move_to
from tests.operators import logged_in
from tests.users.door import identify, send, visit
from users.models import Customer, ReportResult
from users.reports import cohorts, prepared, retention, stored

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)


def kept(seed: int, *, now: datetime = NOW, keeps: bool = True) -> stored.Found:
    return stored.rows("SELECT %(seed)s, random()::text", {"seed": seed}, now, keeps=keeps)


def test_light_rows_are_computed_each_time() -> None:
    assert kept(1).rows != kept(1).rows
    assert not ReportResult.objects.exists()


def test_heavy_rows_are_kept_until_the_shops_day_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "SLOW", 0.0)
    first = kept(1)
    later = kept(1, now=NOW + timedelta(hours=11))  # 23:00 in Shanghai
    assert (list(later.rows[0]), later.as_of) == (list(first.rows[0]), NOW)
    assert list(kept(2).rows[0]) != list(first.rows[0])
    tomorrow = kept(1, now=NOW + timedelta(hours=12))
    assert list(tomorrow.rows[0]) != list(first.rows[0])
    assert tomorrow.as_of == NOW + timedelta(hours=12)
    assert stored.forget_old(NOW + timedelta(days=3)) == 2


def test_what_traffic_says_of_people_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "SLOW", 0.0)
    kept(1, keeps=False)
    assert not ReportResult.objects.exists()
    plain = {name: cohorts.read_whom({"by": name}).has_plain_values for name in ("channel", "age", "city")}
    assert plain == {"channel": True, "age": True, "city": False}
    assert not cohorts.read_whom({"by": "attribute:nick"}).has_plain_values
    assert cohorts.read_whom({"by": "attribute:nick", "value": "x"}).has_plain_values


def test_a_question_that_takes_too_long_gets_a_sentence() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 50")
    with pytest.raises(Refusal, match="takes too long"):
        stored.rows("SELECT pg_sleep(5)", {}, NOW, keeps=True)


def test_kept_figures_are_the_same_as_fresh_ones_and_the_page_says_since_when(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    move_to(NOW)
    send(
        identify(at=NOW - timedelta(days=40), user="a", name="A"),
        *(visit(at=NOW - timedelta(days=ago), user="a") for ago in (35, 20, 1)),
        is_history=True,
    )
    asked = {"grain": "month"}
    fresh = retention.compute(retention.read(asked, NOW), NOW)
    monkeypatch.setattr(stored, "SLOW", 0.0)
    while prepared.prepare(NOW)["left"]:
        pass
    assert ReportResult.objects.count() > 30
    later = NOW + timedelta(hours=2)
    again = retention.compute(retention.read(asked, later), later)
    assert (again.rows, again.means, again.as_of) == (fresh.rows, fresh.means, NOW)
    move_to(later)
    assert logged_in().get("/admin/reports/retention/", asked).context["as_of"] == NOW


def test_sums_over_large_tables_are_some_minutes_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they stand while the shop is small; then asked for again every ten minutes, each by its name."""
    asked: list[int] = []

    def compute() -> list[list[int]]:
        asked.append(1)
        return [[len(asked)]]

    def told(name: str, later: timedelta) -> tuple[int, datetime]:
        found = stored.lately(name, compute, NOW + later, of=["users_customer"])
        return found.rows[0][0], found.as_of

    assert [told("a", timedelta()), told("a", timedelta())] == [(1, NOW), (2, NOW)]
    monkeypatch.setattr(stored, "LARGE", -1)
    monkeypatch.setattr(stored, "_looked_at", {})
    assert told("a", timedelta()) == (3, NOW)
    assert told("a", timedelta(minutes=9)) == (3, NOW)
    assert told("b", timedelta(minutes=9)) == (4, NOW + timedelta(minutes=9))
    assert told("a", timedelta(minutes=10)) == (5, NOW + timedelta(minutes=10))
    assert told("a", timedelta(minutes=-1)) == (6, NOW - timedelta(minutes=1))


def test_ranges_of_ids_hold_everybody_once() -> None:
    """Before the customer-days were looked at they are cut by the highest id, then by how many days a part has."""
    move_to(NOW)
    assert stored.ranges(1) == [(stored.FIRST, stored.LAST)]
    send(*(visit(at=NOW - timedelta(hours=n), user=f"u{n}") for n in range(12)))
    everybody = set(Customer.objects.values_list("pk", flat=True))

    def held(parts: int) -> list[int]:
        cut = stored.ranges(parts)
        assert [cut[0][0], cut[-1][1]] == [stored.FIRST, stored.LAST]
        assert all(later[0] == earlier[1] + 1 for earlier, later in pairwise(cut))
        return [sum(first <= pk <= last for pk in everybody) for first, last in cut]

    for parts in range(1, 30):
        assert (sum(held(parts)), len(held(parts))) == (12, parts)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE users_customerday")
    for parts in range(1, 30):
        assert sum(held(parts)) == 12
    assert max(held(4)) - min(held(4)) <= 1
