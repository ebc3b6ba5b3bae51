"""What a product sold, on its page and in the list: by day, in windows, buyers, together; a second way in pandas."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from django.urls import reverse

from tests.clock import move_to
from tests.operators import logged_in
from tests.users.door import Item, customer, hand_in, send, track
from users.models import Erasure, Order, OrderLine, Product
from users.reports import product as report
from users.reports import sales
from users.reports.periods import Period
from users.services.intake import apply_waiting

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TODAY = date(2026, 5, 20)
YEAR = Period(TODAY - timedelta(days=364), TODAY)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOON)


def bought(number: str, *lines: tuple[str, int], at: datetime = NOON, user: str = "alice") -> Item:
    """An order of 10 with lines of product and price."""
    told = [{"product_id": product, "price": price, "name": product.upper()} for product, price in lines]
    return track("Order Completed", at=at, user=user, order_id=number, total=10, products=told)


def a_year_of_orders() -> None:
    """Orders at any hour of 800 days, some refunded or cancelled, some lines known by SKU alone or unpriced."""
    draw = random.Random(7)
    for number in range(120):
        at = NOON - timedelta(minutes=draw.choice([draw.randint(0, 60_000), draw.randint(0, 1_150_000)]))
        user = f"u{draw.randint(1, 12)}"
        told = [
            {draw.choice(["product_id", "sku"]): f"p{draw.randint(1, 8)}", "quantity": draw.randint(1, 3),
             "price": draw.choice([0, 5, 7.77, 20])}
            for _ in range(draw.randint(1, 4))
        ]  # fmt: skip
        total = draw.randint(500, 9_000) / 100
        hand_in(track("Order Completed", at=at, user=user, order_id=str(number), total=total, products=told))
        then = at + timedelta(minutes=5)
        if draw.random() < 0.2:
            amount = draw.choice([total, round(total / 3, 2)])
            told_back = {"order_id": str(number), "refund_id": "r", "amount": amount}
            hand_in(track("Order Refunded", at=then, user=user, **told_back))
        if draw.random() < 0.1:
            hand_in(track("Order Cancelled", at=then, user=user, order_id=str(number)))
    apply_waiting(10_000)


def frame() -> pd.DataFrame:
    """Lines of orders that count with money shared out anew, in fractions of a cent and by the largest loss."""
    lines = pd.DataFrame(OrderLine.objects.values())
    orders = pd.DataFrame(
        Order.objects.values("customer_id", "source", "number", "net", "counts", "ordered_at")
    )
    found = lines.merge(orders, on=["customer_id", "source", "number"]).sort_values(["number", "line"])
    found = found[found["counts"]]
    found["product"] = found["product_id"].where(found["product_id"] != "", found["sku"])
    found["day"] = found["ordered_at"].dt.tz_convert("Asia/Shanghai").dt.date
    found["money"] = 0
    for _key, mine in found.groupby(["customer_id", "source", "number"]):
        whole, net = int(mine["amount"].sum()), int(mine["net"].iloc[0])
        if whole:
            parts = {at: divmod(net * int(amount), whole) for at, amount in mine["amount"].items()}
            cents = net - sum(part for part, _left in parts.values())
            most = sorted(parts, key=lambda at: -parts[at][1])[:cents]
            for at, (part, _left) in parts.items():
                found.loc[at, "money"] = part + (at in most)
    return found


def test_a_product_a_second_way() -> None:
    a_year_of_orders()
    every = frame()
    assert every["money"].sum() > 0
    yesterday = TODAY - timedelta(days=1)
    for product in ("p1", "p5"):
        mine = every[every["product"] == product]
        span = Period(TODAY - timedelta(days=730), TODAY)
        story = report.story(product, YEAR, TODAY, NOON)
        expected = mine[mine["day"] >= span.first].groupby("day")[["quantity", "money"]].sum()
        assert {day: (one.pieces, one.money) for day, one in story.days.items()} == {
            day: (row.quantity, row.money) for day, row in expected.iterrows()
        }
        for window, n in zip(story.windows, (30, 90, 365), strict=True):
            first = yesterday - timedelta(days=n - 1)
            inside = mine[(mine["day"] >= first) & (mine["day"] <= yesterday)]
            before = mine[(mine["day"] >= first - timedelta(days=n)) & (mine["day"] < first)]
            assert (window.period.first, window.period.last) == (first, yesterday)
            assert (window.sold.pieces, window.sold.money) == (
                inside["quantity"].sum(),
                inside["money"].sum(),
            )
            assert (window.before.pieces, window.before.money) == (
                before["quantity"].sum(), before["money"].sum(),
            )  # fmt: skip
            on_days = inside.groupby("customer_id")["day"].nunique()
            assert (window.buyers, window.again) == (len(on_days), (on_days > 1).sum())


def test_what_is_bought_together_a_second_way() -> None:
    a_year_of_orders()
    every = frame()
    every = every[(every["day"] >= YEAR.first) & (every["day"] <= YEAR.last)]
    numbers = set(every[every["product"] == "p1"]["number"])
    beside = every[every["number"].isin(numbers) & (every["product"] != "p1")]
    counted = beside.groupby("product").agg(
        orders=("number", "nunique"), customers=("customer_id", "nunique")
    )
    ranked = sorted(counted.itertuples(), key=lambda row: (-row.orders, row.Index))[:5]
    found = report.story("p1", YEAR, TODAY, NOON).together
    assert [(one.product.product_id, one.orders, one.customers) for one in found] == [
        (row.Index, row.orders, row.customers) for row in ranked
    ]
    assert len(found) == 5 and {one.of for one in found} == {len(numbers)}


def test_the_list_adds_up_to_the_orders_to_the_cent() -> None:
    a_year_of_orders()
    every = frame()
    every = every[(every["day"] >= YEAR.first) & (every["day"] <= YEAR.last)]
    rows = {one.product.product_id: one for one in sales.product_sales(YEAR, NOON).products}
    assert set(rows) == set(every["product"])
    assert sum(one.revenue for one in rows.values()) == every["money"].sum()
    for product, mine in every.groupby("product"):
        on_days = mine.groupby("customer_id")["day"].nunique()
        one = rows[str(product)]
        assert (one.revenue, one.pieces, one.orders, one.customers, one.again) == (
            mine["money"].sum(), mine["quantity"].sum(), mine["number"].nunique(), len(on_days), (on_days > 1).sum(),
        )  # fmt: skip


def opened(client: Any, url: str) -> list[str]:
    """The names of the customers that a number opens."""
    page = client.get(url)
    assert page.status_code == 200
    return sorted(row[0].user_id for row in page.context["table"].rows)


def test_the_page_opens_who_is_behind_its_numbers(django_assert_max_num_queries: Any) -> None:
    send(
        bought("1", ("tea", 5), ("cup", 5), at=NOON - 40 * DAY, user="alice"),
        bought("2", ("tea", 5), at=NOON - 3 * DAY, user="alice"),
        bought("3", ("tea", 5), ("cup", 10), at=NOON - 2 * DAY, user="bob"),
        bought("4", ("tea", 5), user="carol"),
        bought("5", ("tea", 0), at=NOON - 2 * DAY, user="bob"),
    )
    client = logged_in()
    address = reverse("users:product", args=[Product.objects.get(product_id="tea").pk])
    with django_assert_max_num_queries(11):  # one asks, once an hour, how large the table of lines is
        page = client.get(address)
    month, quarter, _year, today = page.context["windows"].rows
    assert [month[1], month[3], month[5].value, month[6].value] == [3, 1_333, 2, 0]
    assert [quarter[1], quarter[3], quarter[5].value, quarter[6].value, quarter[7].value] == [
        4, 1_833, 2, 1, 0.5,
    ]  # fmt: skip
    assert (month[2], month[4]) == (1, 500) and (today[1], today[3]) == (1, 1_000)
    assert opened(client, month[5].url) == ["alice", "bob"]
    assert opened(client, quarter[6].url) == ["alice"] and opened(client, today[5].url) == ["carol"]
    money, pieces = page.context["charts"]
    assert (money.unfinished, money.series[0].values[-4:]) == (1, [1_000, 333, 0, 1_000])
    assert sum(pieces.series[0].values) == 5 and opened(client, pieces.series[0].urls[-1]) == ["carol"]
    ((beside, orders, share, both),) = page.context["together"].rows
    assert (beside.value, orders, share, both.value) == ("CUP", 2, 0.4, 2)
    assert opened(client, both.url) == ["alice", "bob"]
    assert "its money is not known" in page.content.decode()
    short = client.get(address, {"period": "30"}).context["together"].rows
    assert [(row[1], row[2]) for row in short] == [(1, 0.25)]


def test_a_product_that_never_sold_says_what_would_stand_here() -> None:
    product = Product.objects.create(product_id="new", name="New")
    page = logged_in().get(reverse("users:product", args=[product.pk]))
    assert "Not sold in two years" in page.content.decode() and "windows" not in page.context


def test_the_erased_are_among_the_sales_but_not_among_the_buyers() -> None:
    send(
        bought("1", ("tea", 5), ("cup", 5), at=NOON - DAY), bought("2", ("tea", 5), at=NOON - DAY, user="bob")
    )
    Erasure.objects.create(customer=customer("alice"), at=NOON)
    story = report.story("tea", YEAR, TODAY, NOON)
    window = story.windows[0]
    assert (window.sold.pieces, window.buyers) == (2, 1)
    ((row),) = (one for one in sales.product_sales(YEAR, NOON).products if one.product.product_id == "tea")
    assert (row.pieces, row.customers) == (2, 1)
    assert story.together[0].customers == 0


@pytest.mark.parametrize("missing", ["product", "first", "beside"])
def test_links_that_make_no_sense_are_told_so(missing: str) -> None:
    told = {"product": "tea", "first": "2026-05-01", "last": "2026-05-02", "beside": "cup"}
    told.pop(missing)
    spec = "bought_together?" + "&".join(f"{name}={value}" for name, value in told.items())
    page = logged_in().get(reverse("users:customers"), {"group": spec})
    assert page.status_code == 400
