"""The home page: its figures are those of the lists behind them, whatever the size of the shop."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from tests.clock import move_to
from tests.operators import logged_in
from tests.users.door import customer, identify, send, track, visit
from users.models import DayFigures, LongJob, Order, Stage
from users.reports import figures
from users.services.stages import move_stages

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def shop() -> None:
    """Alice bought twice (once refunded), Bob fell asleep within the week, Carol is bare, a visitor roams."""
    move_to(NOON)
    send(
        identify(at=NOON - 50 * DAY, user="alice", name="Alice"),
        track("Order Completed", at=NOON - 40 * DAY, user="alice", order_id="1", total=30, currency="USD"),
        track("Order Completed", at=NOON - DAY, user="alice", order_id="2", total=50, tax=5, currency="USD"),
        track("Order Completed", at=NOON - 3 * DAY, user="alice", order_id="3", total=20, currency="USD"),
        track("Order Refunded", at=NOON, user="alice", order_id="3", refund_id="r", total=20, currency="USD"),
        identify(at=NOON - 50 * DAY, user="bob", name="Bob"),
        visit(at=NOON - 33 * DAY, user="bob"),
        identify(at=NOON - 50 * DAY, user="carol", name="Carol"),
        visit(at=NOON - DAY, anonymous="somebody"),
    )
    move_stages(NOON)
    figures.compute(NOON, days=figures.SHOWN_DAYS)


def card(name: str) -> dict[str, Any]:
    """The values of a card, fetched late or not."""
    cards = logged_in().get(reverse("users:home"), {"panel": "all"}).context["cards"]
    return next(values for entry, values in cards if entry.name == name)


def test_stages_and_their_moves_are_those_of_the_lists() -> None:
    client = logged_in()
    tiles = {tile.stage: tile for tile in card("stages")["tiles"]}
    counts = {stage.value: tile.customers for stage, tile in tiles.items()}
    assert counts == {"prospect": 1, "new": 0, "active": 0, "returning": 1, "dormant": 1, "churned": 0}
    assert card("stages")["visitors"] == 1
    for tile in tiles.values():
        assert len(client.get(tile.url).context["table"].rows) == tile.customers
        assert len(client.get(tile.came_url).context["table"].rows) == tile.came
        assert len(client.get(tile.went_url).context["table"].rows) == tile.went
    assert (tiles[Stage.DORMANT].came, tiles[Stage.RETURNING].came) == (1, 1)


def test_revenue_books_a_refund_on_its_own_day() -> None:
    by_day = {row.day: (row.orders, row.revenue) for row in DayFigures.objects.exclude(revenue=0)}
    today = NOON.date()
    assert by_day == {
        today - 40 * DAY: (1, 3000),
        today - 3 * DAY: (0, 2000),
        today - DAY: (1, 4500),
        today: (0, -2000),
    }
    revenue, orders, _average = card("orders")["stats"]
    assert (revenue.value, revenue.before, orders.value, orders.before) == (4500, 3000, 1, 1)
    assert Order.objects.filter(counts=True).count() == 2


def test_activity_counts_identified_customers_once_a_day() -> None:
    today, week, month, sticky = card("activity")["stats"]
    assert (today.value, week.value, month.value) == (0, 1, 1)
    assert sticky.value == pytest.approx(2 / 30)


def test_a_second_computation_changes_nothing() -> None:
    before = list(DayFigures.objects.order_by("day").values_list("day", "active", "orders", "revenue"))
    figures.compute(NOON, days=figures.SHOWN_DAYS)
    assert (
        list(DayFigures.objects.order_by("day").values_list("day", "active", "orders", "revenue")) == before
    )


def test_all_days_are_computed_when_older_ones_may_have_changed() -> None:
    assert figures.days_due(NOON + timedelta(minutes=1)) == 2
    assert figures.days_due(NOON + timedelta(minutes=11)) == figures.SHOWN_DAYS
    job = LongJob.objects.create(kind="import", title="Orders", state="running", created_at=NOON)
    assert figures.days_due(NOON + timedelta(minutes=1)) == figures.SHOWN_DAYS
    LongJob.objects.filter(pk=job.pk).update(state="done", finished_at=NOON - timedelta(minutes=11))
    assert figures.days_due(NOON + timedelta(minutes=1)) == 2
    figures.compute(NOON + timedelta(minutes=9), days=2)
    assert figures.days_due(NOON + timedelta(minutes=10)) == figures.SHOWN_DAYS


def test_the_demo_card_shows_only_while_the_demo_loads() -> None:
    def names() -> set[str]:
        return {entry.name for entry, _ in logged_in().get(reverse("users:home")).context["cards"]}

    assert "demo" not in names()
    job = LongJob.objects.create(
        kind="demo", title="Demo", state="running", done=25, total=100, created_at=NOON, started_at=NOON
    )
    assert "demo" in names()
    progress = card("demo")["progress"]
    assert (progress.done, progress.total, progress.share) == (25, 100, 0.25)
    job.state = "done"
    job.save()
    assert "demo" not in names()


def test_queries_do_not_grow_with_the_shop(django_assert_max_num_queries: Any) -> None:
    client = logged_in()
    client.get(reverse("users:home"))
    with django_assert_max_num_queries(10) as few:
        client.get(reverse("users:home"))
    send(*(visit(at=NOON, user=f"u{n}") for n in range(60)))
    with django_assert_max_num_queries(len(few)):
        client.get(reverse("users:home"))


def test_late_cards_come_by_themselves_in_few_queries_and_without_a_script(
    django_assert_max_num_queries: Any,
) -> None:
    client, home = logged_in(), reverse("users:home")
    late = [card.name for card, values in client.get(home).context["cards"] if values is None]
    assert {"segments", "points", "campaigns", "front-door"} <= set(late)
    everything = client.get(home, {"panel": "all"}).context["cards"]
    assert all(values is not None for _card, values in everything)
    for name in late:
        with django_assert_max_num_queries(10):
            part = client.get(home, {"panel": name}, headers={"HX-Request": "true"})
        assert part.status_code == 200
        assert "<html" not in part.content.decode() and "<h2>" in part.content.decode()
        page = client.get(home, {"panel": name}).context["cards"]
        assert [card.name for card, values in page if values is not None and card.name in late] == [name]
    assert client.get(home, {"panel": "no-such"}, headers={"HX-Request": "true"}).status_code == 404
    assert client.get(home, {"panel": "\0'%"}).status_code == 200


def test_a_late_evening_belongs_to_the_shops_next_day() -> None:
    send(visit(at=NOON - DAY + timedelta(hours=12, minutes=30), user="alice"))
    figures.compute(NOON, days=3)
    assert DayFigures.objects.get(day=NOON.date()).active == 1
    assert customer("alice").days.filter(day=NOON.date()).exists()
