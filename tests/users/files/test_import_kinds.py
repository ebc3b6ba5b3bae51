"""Imports of orders, consents and tags: fates, effects and undoing."""

from datetime import timedelta

import pytest

from config.kit import clock
from config.kit.refusal import Refusal
from tests.users.door import customer, identify, send, track
from tests.users.files.hands import checked, everything, fates, run, undo
from users.models import (
    Consent,
    CustomerTag,
    Event,
    ImportRow,
    Order,
    OrderLine,
    Outbox,
    Refund,
    Standing,
    Tag,
    Topic,
)

pytestmark = pytest.mark.django_db

HEAD = (
    "order id",
    "user_id",
    "date",
    "total",
    "status",
    "product id",
    "product",
    "quantity",
    "price",
    "refund amount",
)


def test_orders_with_lines_refunds_and_cancellations() -> None:
    day = (clock.now() - timedelta(days=200)).date().isoformat()
    send(track("Order Completed", at=clock.now() - timedelta(days=60), user="u1", order_id="A1", total=10))
    file = checked(
        "orders",
        HEAD,
        ("B1", "u1", day, "30.00", "paid", "p1", "Kind of Blue", "1", "20", ""),
        ("B2", "u9", day, "¥1,234.50", "已付款", "p2", "Blue Train", "1", "1234.5", "234.50"),
        ("B1", "u1", day, "30.00", "paid", "p3", "Nevermind", "2", "5", ""),
        ("B3", "u1", day, "8", "cancelled", "", "", "", "", ""),
        ("B4", "u1", day, "8", "paid", "", "", "", "", "9"),
        ("A1", "u2", day, "8", "paid", "", "", "", "", ""),
        ("B5", "u1", day, "eight", "paid", "", "", "", "", ""),
        ("B2", "u9", day, "¥1,234.50", "已付款", "p2", "Blue Train", "1", "1234.5", "234.50"),
        ("B6", "u1", day, "5", "paid", "", "", "", "", ""),
        ("B6", "u2", day, "5", "paid", "", "", "", "", ""),
        ("B7", "u1", "2099-01-01", "5", "paid", "", "", "", "", ""),
    )
    expected = [
        (2, "new", ""), (3, "new", ""), (4, "new", "part_of"), (5, "new", ""), (6, "refused", "refund_over_total"),
        (7, "refused", "order_of_another"), (8, "refused", "not_an_amount"), (9, "duplicate", "duplicate_of"),
        (10, "refused", "rows_disagree"), (11, "refused", "rows_disagree"), (12, "refused", "in_future"),
    ]  # fmt: skip
    assert fates(file) == expected
    before = everything()
    run(file)
    assert fates(file) == expected
    assert Order.objects.get(number="B1").total == 3_000
    assert list(
        OrderLine.objects.filter(number="B1").order_by("line").values_list("product_id", "amount")
    ) == [
        ("p1", 2_000),
        ("p3", 1_000),
    ]
    second = Order.objects.get(number="B2")
    assert (second.customer.user_id, second.total, second.refunded, second.net, second.is_history) == (
        "u9", 123_450, 23_450, 100_000, True,
    )  # fmt: skip
    assert Refund.objects.get().refund_id == "B2-refund"
    assert (Order.objects.get(number="B3").counts, Order.objects.get(number="B1").counts) == (False, True)
    assert Standing.objects.get(customer=second.customer).stage == "churned"
    assert Standing.objects.get(customer=customer("u1")).revenue == 4_000
    assert not Outbox.objects.exists(), "history starts nothing"
    again = checked("orders", HEAD, ("B1", "u1", day, "30.00", "paid", "", "", "", "", ""))
    assert fates(again) == [(2, "unchanged", "")]
    undo(file)
    assert everything() == before


NAMED = (
    "order id", "user_id", "date", "total", "line id", "sku", "quantity", "price", "refund id", "refund amount",
    "refund line id", "refund sku", "refund quantity", "refund line amount",
)  # fmt: skip


def test_refunds_name_the_lines_they_give_back_and_undoing_forgets_them() -> None:
    day = (clock.now() - timedelta(days=20)).date().isoformat()
    head = ("A1", "u1", day, "100")
    before = everything()
    file = checked(
        "orders",
        NAMED,
        (*head, "11", "cup", "2", "30", "R1", "30", "11", "", "1", ""),
        (*head, "12", "tea", "1", "40", "", "", "", "", "", ""),
        (*head, "", "", "", "", "R2", "", "", "tea", "", "5"),
        (*head, "", "", "", "", "R2", "", "11", "", "", "2.5"),
        ("A2", "u1", day, "9", "", "", "", "", "R3", "5", "", "", "1", ""),
        ("A3", "u1", day, "9", "1", "pot", "1", "9", "R4", "", "1", "", "", ""),
    )
    assert file.mapping == {
        "0": "number", "1": "user_id", "2": "ordered_at", "3": "total", "4": "line_id", "5": "sku", "6": "quantity",
        "7": "price", "8": "refund_id", "9": "refund_amount", "10": "refund_line_id", "11": "refund_sku",
        "12": "refund_quantity", "13": "refund_line_amount",
    }  # fmt: skip
    assert fates(file) == [
        (2, "new", ""), (3, "new", "part_of"), (4, "new", "part_of"), (5, "new", "part_of"),
        (6, "refused", "missing"), (7, "refused", "missing"),
    ]  # fmt: skip
    fields = ImportRow.objects.filter(no__in=(6, 7)).order_by("no").values_list("field", flat=True)
    assert list(fields) == ["refund_sku", "refund_amount"]
    run(file)
    assert list(OrderLine.objects.order_by("line").values_list("sku", "line_id", "share")) == [
        ("cup", "11", 2_750), ("tea", "12", 3_500),
    ]  # fmt: skip
    assert dict(Refund.objects.values_list("refund_id", "amount")) == {"R1": 3_000, "R2": 750}
    assert Order.objects.get().net == 6_250
    undo(file)
    assert everything() == before


def test_undoing_orders_leaves_those_told_of_since() -> None:
    at = clock.now() - timedelta(days=100)
    send(track("Order Completed", at=at, user="u1", order_id="A1", total=10))
    before = everything()
    later = (clock.now() - timedelta(days=90)).isoformat()
    head = ("order id", "user_id", "date", "total")
    file = run(
        checked("orders", head, ("A1", "u1", later, "12"), ("A2", "u1", later, "7"), ("A3", "u5", later, "7"))
    )
    assert [row[1] for row in fates(file)] == ["changes", "new", "new"]
    send(track("Order Refunded", at=clock.now(), user="u5", order_id="A3", amount=1))
    undo(file)
    assert list(ImportRow.objects.filter(state="left").values_list("no", "left")) == [(4, "touched")]
    assert (Order.objects.get(number="A1").total, Order.objects.filter(number="A2").exists()) == (
        1_000,
        False,
    )
    assert Order.objects.get(number="A3").refunded == 100
    mine = [row for row in everything()["users_order"] if "shop,A1," in row]
    assert mine == before["users_order"]


def test_undoing_an_import_puts_the_lines_of_an_order_back_with_their_shares() -> None:
    at = clock.now() - timedelta(days=100)
    lines = [{"product_id": product, "price": 5} for product in ("p1", "p2", "p3")]
    send(track("Order Completed", at=at, user="u1", order_id="A1", total=10, products=lines))
    before = everything()
    assert list(OrderLine.objects.order_by("line").values_list("share", flat=True)) == [334, 333, 333]
    later = (clock.now() - timedelta(days=90)).isoformat()
    file = run(checked("orders", HEAD, ("A1", "u1", later, "12", "paid", "p9", "Blue", "1", "12", "")))
    assert list(OrderLine.objects.values_list("product_id", "share")) == [("p9", 1_200)]
    undo(file)
    assert everything()["users_orderline"] == before["users_orderline"]


@pytest.fixture
def news() -> Topic:
    return Topic.objects.get_or_create(slug="news", defaults={"name": "News"})[0]


CONSENT = ("user_id", "channel", "topic", "granted", "given at", "wording")


def answers(user: str) -> list[tuple[bool, bool]]:
    return list(
        Consent.objects.filter(customer=customer(user))
        .order_by("given_at")
        .values_list("granted", "is_current")
    )


def test_a_refusal_is_never_turned_into_a_grant(news: Topic) -> None:
    past = clock.now() - timedelta(days=50)
    said = [{"channel": "email", "topic": "news", "granted": False}]
    yes = [{"channel": "email", "topic": "news", "granted": True}]
    send(
        identify(at=past, user="no", email="no@example.com", consents=said),
        identify(at=past, user="yes", email="yes@example.com", consents=yes),
        identify(at=past, user="open", email="open@example.com"),
        identify(at=past, user="both", email="both@example.com"),
        identify(at=past, user="bare", email="bare@example.com"),
    )
    day = (clock.now() - timedelta(days=1)).isoformat()
    file = checked(
        "consents",
        CONSENT,
        ("no", "email", "news", "yes", day, "v1"),
        ("yes", "email", "news", "yes", day, "v1"),
        ("open", "email", "news", "是", day, "v1"),
        ("both", "email", "news", "yes", day, "v1"),
        ("both", "email", "news", "no", day, "v1"),
        ("bare", "email", "news", "yes", day, ""),
        ("yes", "短信", "news", "no", day, ""),
        ("stranger", "email", "news", "no", day, ""),
        ("open", "email", "nothing", "no", day, ""),
        ("open", "email", "news", "yes", day, "v1"),
        ("yes", "email", "news", "no", day, ""),
    )
    expected = [
        (2, "refused", "said_no"), (3, "unchanged", ""), (4, "new", ""), (5, "refused", "file_says_no"), (6, "new", ""),
        (7, "refused", "no_wording"), (8, "new", ""), (9, "refused", "no_such_customer"),
        (10, "refused", "no_such_topic"), (11, "duplicate", "duplicate_of"), (12, "changes", ""),
    ]  # fmt: skip
    # The yes of "yes" in row 3 stands against the no in row 12 of the same file.
    expected[1] = (3, "refused", "file_says_no")
    assert fates(file) == expected
    before = everything()
    run(file)
    assert fates(file) == expected
    assert answers("no") == [(False, True)]
    assert answers("open") == [(True, True)]
    one = Consent.objects.get(customer=customer("open"))
    assert (one.source, one.wording) == ("import", "v1")
    assert not Consent.objects.filter(customer=customer("both"), granted=True).exists()
    assert Consent.objects.get(customer=customer("yes"), channel="email", is_current=True).granted is False
    undo(file)
    assert everything() == before


@pytest.mark.parametrize("left_out", ["channel", "topic", "granted"])
def test_a_file_that_says_nothing_of_an_answer_is_refused_before_it_is_read(
    news: Topic, left_out: str
) -> None:
    head = [name for name in ("user_id", "channel", "topic", "granted") if name != left_out]
    with pytest.raises(Refusal) as refused:
        checked("consents", head, ["x"] * 3)
    assert refused.value.code == "missing_field"


def test_tags_in_one_cell_are_put_on_once(news: Topic) -> None:
    send(identify(at=clock.now(), user="u1", name="A"), identify(at=clock.now(), user="u2", name="B"))
    CustomerTag.objects.create(
        customer=customer("u1"), tag=Tag.objects.create(name="VIP"), tagged_at=clock.now(), source="hand"
    )
    before = everything()
    file = checked(
        "tags",
        ("会员号", "标签"),
        ("u1", "VIP；老客"),
        ("u2", "VIP"),
        ("u1", "老客"),
        ("u3", "VIP"),
        ("u1", "VIP"),
    )
    expected = [
        (2, "new", ""), (3, "new", ""), (4, "duplicate", "duplicate_of"), (5, "refused", "no_such_customer"),
        (6, "unchanged", ""),
    ]  # fmt: skip
    assert fates(file) == expected
    run(file)
    assert fates(file) == expected
    names = CustomerTag.objects.filter(customer=customer("u1")).values_list("tag__name", "source")
    assert set(names) == {("VIP", "hand"), ("老客", "import")}
    undo(file)
    assert everything() == before


def test_rows_of_one_order_far_apart_are_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("READ_ROWS", "JUDGE_ROWS", "WRITE_ROWS"):
        monkeypatch.setattr(f"users.services.imports.running.{name}", 2)
    rows = [(f"B{n % 3}", "u1", "2026-01-05", "30", "p", f"LP {n}") for n in range(9)]
    run(checked("orders", ("order id", "user_id", "date", "total", "product id", "product"), *rows))
    assert {order.number: order.total for order in Order.objects.all()} == {
        "B0": 3000,
        "B1": 3000,
        "B2": 3000,
    }
    assert OrderLine.objects.count() == 9
    assert Event.objects.filter(type__name="Order Completed").count() == 3


def test_what_no_hand_can_hold_is_refused_and_the_rest_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("users.services.imports.running.MOST_TOGETHER", 2)
    rows = [("B1", "u1", "2026-01-05", "30", f"p{n}", f"LP {n}") for n in range(4)]
    rows.append(("B2", "u1", "2026-01-05", "30", "p", "LP"))
    file = checked("orders", ("order id", "user_id", "date", "total", "product id", "product"), *rows)
    assert fates(file) == [
        (2, "new", ""), (3, "new", "part_of"), (4, "refused", "too_many_rows"), (5, "refused", "too_many_rows"),
        (6, "new", ""),
    ]  # fmt: skip
