"""Orders, products and rates on their pages; the figures reckoned a second way in pandas, to the cent."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from django.urls import reverse

from tests.clock import move_to
from tests.operators import logged_in
from tests.users.door import Item, customer, hand_in, send, track, visitor
from users.models import (
    AuditEntry,
    DeadLetter,
    Order,
    OrderClaim,
    OrderLine,
    OwnedProduct,
    Product,
    Refund,
    Role,
    Standing,
)
from users.reports import sales
from users.reports.periods import Period
from users.services import exchange_rates
from users.services.enter_rate import set_rate
from users.services.intake import apply_waiting
from users.services.joining import join

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MONTH = Period(date(2026, 5, 1), date(2026, 5, 20))

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOON)


def completed(number: str, *, at: datetime = NOON, user: str | None = "alice", **told: Any) -> Item:
    people = {"user": user} if user else {"anonymous": told.pop("anonymous", f"v{number}")}
    return track("Order Completed", at=at, order_id=number, **people, **{"total": 100, **told})


def refunded(number: str, refund_id: str, *, at: datetime = NOON, **told: Any) -> Item:
    return track("Order Refunded", at=at, user="alice", order_id=number, refund_id=refund_id, **told)


def test_numbers_of_sources_never_meet() -> None:
    send(
        completed("1", total=10),
        completed("1", total=20, channel_of_sale="Till", user="bob"),
        refunded("1", "r", amount=5, channel_of_sale="till"),
    )
    found = list(Order.objects.order_by("source").values_list("source", "customer__user_id", "net"))
    assert found == [("shop", "alice", 1_000), ("till", "bob", 1_500)]
    assert sales.sources() == ["shop", "till"]


@pytest.mark.parametrize("source", ["two words", "x" * 41, "-a", 7, {"a": 1}])
def test_a_source_that_is_no_word_is_refused(source: Any) -> None:
    send(completed("1", channel_of_sale=source))
    assert DeadLetter.objects.get().code == "bad_source" and not Order.objects.exists()


def test_a_write_key_names_no_source() -> None:
    send(completed("1", channel_of_sale="till"), confirmed=False)
    assert Order.objects.get().source == "shop"


def test_the_order_of_another_customer_stays_and_the_claim_shows() -> None:
    send(completed("1", user="alice"))
    send(completed("1", user="bob", total=120, at=NOON + timedelta(minutes=1)))
    order = Order.objects.get()
    assert (order.customer_id, order.total) == (customer("alice").pk, 12_000)
    claim = OrderClaim.objects.get()
    assert (claim.customer_id, claim.claimant_id) == (order.customer_id, customer("bob").pk)
    assert Standing.objects.get(customer=customer("bob")).orders == 0
    page = logged_in().get(reverse("users:order", args=[order.customer_id, "shop", "1"]))
    assert "The shop also told this order as that of" in page.content.decode()
    listed = logged_in().get(reverse("users:orders"), {"state": "claimed", "days": "7"})
    assert len(listed.context["table"].rows) == 1
    join(customer("alice").pk, customer("bob").pk, now=NOON, cause="hand")
    assert not OrderClaim.objects.exists()


def foreign(number: str, at: datetime = NOON, **told: Any) -> Item:
    return completed(number, at=at, currency="EUR", **told)


def test_a_parked_order_is_let_go_by_the_rate_of_its_day_with_its_refund() -> None:
    send(foreign("1", total=100, tax=10), refunded("1", "r", amount="33.33", currency="EUR"))
    assert sorted(DeadLetter.objects.values_list("code", "detail")) == [
        ("no_exchange_rate", "EUR 2026-05-20"), ("unknown_order", "shop 1"),
    ]  # fmt: skip
    yesterday = date(2026, 5, 19)
    assert set_rate(currency="EUR", first=yesterday, last=yesterday, rate=Decimal("2"), by=None) == 0
    client = logged_in(Role.OPERATOR)
    told = {"currency": "eur", "first": "2026-05-20", "last": "2026-05-21", "rate": "1.0837"}
    answer = client.post(reverse("users:rates"), told, follow=True).content.decode()
    assert "1 event was let go." in answer
    apply_waiting()
    order, refund = Order.objects.get(), Refund.objects.get()
    assert (order.total, order.currency, refund.amount) == (10_000, "EUR", 3_333)
    assert (refund.net, order.net) == (3_612, 9_753 - 3_612)
    assert Standing.objects.get(customer=customer("alice")).revenue == order.net
    assert AuditEntry.objects.filter(act="exchange_rate.set").count() == 2
    set_rate(currency="EUR", first=date(2026, 5, 20), last=date(2026, 5, 20), rate=Decimal("1.1"), by=None)
    order, refund = Order.objects.get(), Refund.objects.get()
    assert (order.net, refund.net) == (9_900 - 3_666, 3_666)
    assert Standing.objects.get(customer=customer("alice")).revenue == order.net


def test_amounts_without_a_currency_are_not_those_of_a_foreign_order() -> None:
    set_rate(currency="EUR", first=date(2026, 5, 20), last=date(2026, 5, 20), rate=Decimal("1.1"), by=None)
    send(foreign("1"))
    later = NOON + timedelta(minutes=1)
    send(refunded("1", "r", amount=5))
    send(track("Order Updated", at=later, user="alice", order_id="1", total=90))
    assert set(DeadLetter.objects.values_list("code", flat=True)) == {"other_currency"}
    send(track("Order Updated", at=later, user="alice", order_id="1", payment_status="paid"))
    assert Order.objects.get().currency == "EUR" and DeadLetter.objects.count() == 2


def test_currencies_without_minor_units() -> None:
    rates = exchange_rates.minor_rate(Decimal("0.0065"), "JPY", "USD")
    assert rates == Decimal("0.65")
    set_rate(currency="JPY", first=date(2026, 5, 20), last=date(2026, 5, 20), rate=Decimal("0.0065"), by=None)
    send(completed("1", total=12_345, currency="JPY"))
    assert (Order.objects.get().total, Order.objects.get().net) == (12_345, 8_024)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"currency": "USD"}, "currency"), ({"currency": "XXQ"}, "currency"), ({"rate": "0"}, "rate"),
        ({"last": "2026-05-01"}, "last"), ({"last": "2029-05-20"}, "last"), ({"rate": "much"}, "rate"),
    ],
)  # fmt: skip
def test_rates_that_are_refused(told: dict[str, str], field: str) -> None:
    right = {"currency": "EUR", "first": "2026-05-20", "last": "2026-05-20", "rate": "1.1"}
    page = logged_in(Role.OPERATOR).post(reverse("users:rates"), right | told)
    assert page.context["form"].errors[field]


def shop_of_a_month() -> None:
    """Orders of three sources and two currencies, of known customers and visitors; partial and whole refunds."""
    draw = random.Random(3)
    for day in range(1, 21):
        set_rate(currency="EUR", first=date(2026, 5, day), last=date(2026, 5, day),
                 rate=Decimal(draw.randint(10_000, 12_000)) / 10_000, by=None)  # fmt: skip
    for number in range(60):
        at = NOON - draw.randint(0, 24) * DAY + timedelta(minutes=draw.randint(0, 1_000))
        source, currency = draw.choice(["shop", "till", "market"]), draw.choice(["USD", "USD", "EUR"])
        told = {"channel_of_sale": source, "currency": currency}
        user = draw.choice(["alice", "bob", None])
        total = draw.randint(1_000, 20_000)
        lines = [{"product_id": f"p{draw.randint(1, 4)}", "price": draw.randint(1, 50)} for _ in range(2)]
        hand_in(completed(str(number), at=at, user=user, total=total / 100, tax=1.37, products=lines, **told))
        for part in range(draw.choice([0, 0, 1, 2])):
            amount = total / 100 if draw.random() < 0.2 else round(total / 300, 2)
            then = at + draw.randint(0, 8) * DAY
            hand_in(refunded(str(number), f"r{part}", at=then, amount=amount, **told))
    apply_waiting(10_000)
    move_to(NOON + 9 * DAY)


def frame() -> pd.DataFrame:
    """Every booking of money by pandas: the order on its own day, each refund on its own, in cents."""
    zone = "Asia/Shanghai"
    orders = pd.DataFrame(
        Order.objects.values("customer_id", "source", "number", "ordered_at", "total", "tax", "currency",
                             "customer__identified")
    )  # fmt: skip
    orders["day"] = orders["ordered_at"].dt.tz_convert(zone).dt.date
    rates = {(r.currency, r.day): r.rate for r in exchange_rates_rows()}
    worth = [rates.get((o.currency, o.day), Decimal(1)) for o in orders.itertuples()]
    orders["rate"] = worth
    orders["net"] = [cents((o.total - o.tax) * o.rate) for o in orders.itertuples()]
    refunds = pd.DataFrame(Refund.objects.values("source", "number", "refunded_at", "amount"))
    refunds = refunds.merge(
        orders[["source", "number", "rate", "customer__identified"]], on=["source", "number"]
    )
    refunds["day"] = refunds["refunded_at"].dt.tz_convert(zone).dt.date
    refunds["net"] = [-cents(r.amount * r.rate) for r in refunds.itertuples()]
    columns = ["day", "source", "customer__identified", "net"]
    return pd.concat([orders[columns], refunds[columns]])


def exchange_rates_rows() -> Any:
    from users.models import ExchangeRate

    return ExchangeRate.objects.all()


def cents(amount: Decimal) -> int:
    return int(Decimal(amount).quantize(Decimal(1), "ROUND_HALF_UP"))


def test_daily_revenue_and_the_linked_share_a_second_way() -> None:
    shop_of_a_month()
    booked = frame()
    booked = booked[(booked["day"] >= MONTH.first) & (booked["day"] <= MONTH.last)]
    found = sales.sales(MONTH, NOON)
    by_day = booked.groupby(["source", "day"])["net"].sum()
    assert {(s, d): v for s, days in found.by_source.items() for d, v in days.items()} == dict(by_day)
    assert (found.revenue, found.linked) == (
        booked["net"].sum(), booked[booked["customer__identified"]]["net"].sum(),
    )  # fmt: skip
    assert found.linked_share == pytest.approx(found.linked / found.revenue)
    assert 0 < found.linked < found.revenue and len(found.by_source) == 3
    one = sales.sales(MONTH, NOON, source="till")
    assert one.revenue == booked[booked["source"] == "till"]["net"].sum()
    page = logged_in().get(reverse("users:orders"), {"from": "2026-05-01", "to": "2026-05-20"})
    assert sum(map(sum, (s.values for s in page.context["chart"].series))) == found.revenue


def test_products_add_up_to_orders_and_follow_refunds() -> None:
    shop_of_a_month()
    rows = sales.product_sales(MONTH, NOON).products
    counting = Order.objects.filter(counts=True, ordered_at__gte=MONTH.begin, ordered_at__lt=MONTH.end)
    assert abs(sum(row.revenue for row in rows) - sum(counting.values_list("net", flat=True))) <= len(rows)
    held = pd.DataFrame(OwnedProduct.objects.values("product_id", "customer_id"))
    assert {row.product.product_id: row.owners for row in rows} == dict(
        held.groupby("product_id")["customer_id"].nunique()
    )
    bought = {(line.source, line.number, line.product_id) for line in OrderLine.objects.all()}
    counted = set(Order.objects.filter(counts=True).values_list("source", "number"))
    assert {(row.order_source, row.order_number, row.product_id) for row in OwnedProduct.objects.all()} == {
        one for one in bought if one[:2] in counted
    }
    page = logged_in().get(reverse("users:products"), {"from": "2026-05-01", "to": "2026-05-20"})
    first = page.context["table"].rows[0]
    behind = logged_in().get(first[3].url)
    assert behind.status_code == 200


def test_a_warranty_card_is_told_registered_and_follows_a_join() -> None:
    Product.objects.create(product_id="amp", name="Amplifier", warranty_months=24)
    told = {"product_id": "amp", "serial": "S-1", "purchased_at": "2026-01-31T04:00:00Z"}
    send(track("Warranty Registered", at=NOON, user="alice", **told, warranty_months=1))
    send(track("Warranty Registered", at=NOON, anonymous="tablet", product_id="amp"))
    send(track("Warranty Registered", at=NOON, user="eve", **told), confirmed=False)
    assert OwnedProduct.objects.count() == 2
    mine = OwnedProduct.objects.get(customer=customer("alice"))
    assert (mine.warranty_end, mine.source) == (datetime(2026, 2, 28, 4, 0, tzinfo=UTC), "card")
    join(customer("alice").pk, visitor("tablet").pk, now=NOON, cause="hand")
    ends = (
        OwnedProduct.objects.filter(customer=customer("alice"))
        .order_by("key")
        .values_list("warranty_end", flat=True)
    )
    assert list(ends) == [datetime(2028, 5, 20, 4, 0, tzinfo=UTC), datetime(2026, 2, 28, 4, 0, tzinfo=UTC)]
    page = (
        logged_in()
        .get(reverse("users:customer", args=[customer("alice").pk]), {"panel": "all"})
        .content.decode()
    )
    assert "Amplifier" in page and "S-1" in page


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({}, "missing"), ({"product_id": ["p"]}, "missing"), ({"product_id": "p", "serial": "x" * 101}, "too_long"),
        ({"product_id": "p", "warranty_months": 601}, "bad_months"),
        ({"product_id": "p", "warranty_months": "12"}, "bad_months"),
        ({"product_id": "p", "purchased_at": "soon"}, "bad_time"),
        ({"product_id": "p", "purchased_at": "2027-01-01"}, "bad_time"),
    ],
)  # fmt: skip
def test_cards_that_are_refused(told: dict[str, Any], code: str) -> None:
    send(track("Warranty Registered", at=NOON, user="alice", **told))
    assert DeadLetter.objects.get().code == code and not OwnedProduct.objects.exists()


def test_a_partial_refund_takes_pieces_and_a_whole_one_all() -> None:
    line = {"product_id": "cup", "price": 10, "quantity": 3}
    send(completed("1", total=30, products=[line]))
    assert OwnedProduct.objects.get().quantity == 3
    send(refunded("1", "a", amount=10, products=[{**line, "quantity": 1}]))
    assert OwnedProduct.objects.get().quantity == 2
    send(refunded("1", "b", amount=20))
    assert not OwnedProduct.objects.exists()


def test_the_form_of_an_operator_and_a_product_set_by_hand() -> None:
    send(completed("1", products=[{"product_id": "amp", "name": "Amp", "category": "Audio", "price": 100}]))
    who, client = customer("alice"), logged_in(Role.OPERATOR)
    card = {"product_id": "amp", "serial": "9", "purchased_at": "2026-05-01", "warranty_months": ""}
    form = reverse("users:warranty", args=[who.pk])
    assert client.post(form, card | {"product_id": "none"}).context["form"].errors["product_id"]
    assert client.post(form, card | {"purchased_at": "2027-01-01"}).context["form"].errors["purchased_at"]
    assert client.post(form, card).status_code == 302
    page = reverse("users:product", args=[Product.objects.get().pk])
    assert client.post(page, {"category": "Home > Hi-fi", "warranty_months": "12"}).status_code == 302
    assert OrderLine.objects.get().category == "Home > Hi-fi"
    ends = list(OwnedProduct.objects.order_by("warranty_end").values_list("warranty_end", flat=True))
    assert ends == [datetime(2027, 4, 30, 16, 0, tzinfo=UTC), datetime(2027, 5, 20, 4, 0, tzinfo=UTC)]
    # What orders tell from now on does not move it back.
    send(completed("2", products=[{"product_id": "amp", "name": "Amp", "category": "Audio", "price": 100}]))
    assert set(OrderLine.objects.values_list("category", flat=True)) == {"Home > Hi-fi"}
    tree = client.get(reverse("users:categories")).context["table"].rows
    assert [row[1] for row in tree] == ["Audio", "Home", "Home > Hi-fi"]
    may = {"from": "2026-05-01", "to": "2026-05-20"}
    for path, shown in (("Home", ["amp"]), ("Home > Hi-fi", ["amp"]), ("Audio", [])):
        listed = client.get(reverse("users:products"), {"category": path} | may).context["table"].rows
        assert [row[0].hint for row in listed] == shown


def test_the_pages_ask_few_questions(django_assert_max_num_queries: Any) -> None:
    shop_of_a_month()
    client = logged_in()
    order = Order.objects.filter(refunded__gt=0).first()
    assert order is not None
    for address in (
        reverse("users:orders") + "?from=2026-05-01&to=2026-05-20",
        reverse("users:products"), reverse("users:categories"),
        reverse("users:rates"), reverse("users:order", args=[order.customer_id, order.source, order.number]),
    ):  # fmt: skip
        with django_assert_max_num_queries(10):
            assert client.get(address).status_code == 200
