"""An order in another currency, partly refunded: every figure is the standing's revenue."""

import csv
import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from campaigns.merge_fields import load_orders
from config.kit import words
from tests.clock import move_to
from tests.operators import logged_in, operator
from tests.users.door import customer, identify, send, track
from users.models import CustomerValue, Product, Refund, ShopSetting, Standing
from users.reports import ltv, sales
from users.reports.channels import profit_and_loss
from users.reports.customer import timeline
from users.reports.periods import Period
from users.services import bundles, value
from users.services.enter_rate import set_rate
from users.services.exports import acts
from users.services.long_jobs import run_due

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
BOUGHT = NOON - timedelta(days=3)
DAYS = Period(date(2026, 5, 1), date(2026, 5, 20))
# ¥12,345 at 0.0065 dollars are 80.2425, ¥2,000 given back 13.00; beside it 20 dollars, of which 5 were given back.
ABROAD, HOME = 8_024 - 1_300, 2_000 - 500


@pytest.fixture(autouse=True)
def _shop(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    move_to(NOON)
    set_rate(currency="JPY", first=date(2026, 5, 1), last=date(2026, 5, 20), rate=Decimal("0.0065"), by=None)
    yen: dict[str, Any] = {"user": "yuki", "order_id": "1", "currency": "JPY"}
    usd: dict[str, Any] = {"user": "yuki", "order_id": "2"}
    send(
        identify(at=BOUGHT, user="yuki", name="Yuki", channel="search", createdAt=BOUGHT.isoformat()),
        track("Order Completed", at=BOUGHT, total=12_345, **yen,
              products=[{"product_id": "lp", "name": "LP", "category": "Music", "price": 12_345}]),
        track("Order Refunded", at=NOON - timedelta(days=1), refund_id="r", amount=2_000, **yen),
        track("Order Completed", at=BOUGHT, total=20, **usd,
              products=[{"product_id": "cd", "name": "CD", "category": "Music", "price": 20}]),
        track("Order Refunded", at=NOON - timedelta(days=1), refund_id="r", amount=5, **usd),
    )  # fmt: skip


def test_every_report_ties_to_the_standing() -> None:
    value.compute(NOON)
    revenue = Standing.objects.get(customer=customer("yuki")).revenue
    assert revenue == ABROAD + HOME
    assert {one.product.product_id: one.revenue for one in sales.product_sales(DAYS, NOON).products} == {
        "lp": ABROAD,
        "cd": HOME,
    }
    sold = sales.sales(DAYS, NOON)
    assert (sold.revenue, sold.refunded, sold.orders) == (revenue, 1_300 + 500, 2)
    worth = ltv.compute(ltv.read({}, NOON), NOON)
    assert (worth.total, worth.standing) == (revenue, revenue)
    made = profit_and_loss(DAYS, NOON)
    assert (made.total.revenue, made.ledger, made.difference) == (revenue, revenue, 0)
    figures = CustomerValue.objects.get(customer=customer("yuki"))
    assert (figures.net_window, figures.revenue_year) == (revenue, revenue)
    assert sum(refund.net for refund in Refund.objects.all()) == 1_800


def test_a_product_costs_what_it_costs_in_the_shops_money() -> None:
    assert dict(Product.objects.values_list("product_id", "price")) == {"lp": 8_024, "cd": 2_000}


def test_an_export_writes_each_amount_in_its_currency() -> None:
    names = ["order id", "total", "refund amount", "net", "currency", "price"]
    export = acts.ask("orders", columns=names, form="csv", by=operator(), now=NOON)
    run_due()
    export.refresh_from_db()
    path = acts.fetch(export, by=operator(), now=NOON)
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))
    assert [[float(row[n]) for n in ("total", "refund amount", "net", "price")] for row in rows] == [
        [12_345, 2_000, 67.24, 12_345], [20, 5, 15, 20],
    ]  # fmt: skip
    assert [row["currency"] for row in rows] == ["JPY", "USD"]


def test_what_is_held_names_the_currency_of_lines_and_refunds(tmp_path: Path) -> None:
    bundles.ask(customer("yuki").pk, by=None, actor="x", now=NOON)
    run_due()
    (bundle,) = tmp_path.rglob("*.zip")
    said = zipfile.ZipFile(bundle).read("en.html").decode()
    assert said.count("¥12,345") == 3 and "¥2,000" in said  # the order, its line twice; the refund
    assert "$67.24" in said and "123.45" not in said


def test_the_timeline_reads_amounts_in_the_currency_they_were_told_in() -> None:
    told = [
        words.money(one.amount, one.currency)
        for one in timeline(customer("yuki").pk).happenings
        if one.amount
    ]
    assert sorted(told) == ["$20.00", "¥12,345"]
    page = logged_in().get(f"/admin/customers/{customer('yuki').pk}/?panel=timeline")
    assert "¥12,345" in page.content.decode() and "$123.45" not in page.content.decode()


def test_messages_of_a_shop_without_cents() -> None:
    ShopSetting.objects.create(name="currency", value="JPY")
    Standing.objects.update(revenue=11_345)
    told = load_orders([customer("yuki").pk, 0], NOON)
    assert [(one["total"], one["currency"]) for one in told.values()] == [("11345", "JPY"), ("0", "JPY")]
