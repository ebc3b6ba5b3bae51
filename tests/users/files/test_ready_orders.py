"""Orders that the dry run kept ready: written as they are, unless something of them is another matter by now."""

from datetime import timedelta
from typing import Any

import pytest

from config.kit import clock
from tests.users.door import customer, identify, send, track, visit
from tests.users.files.hands import checked, everything, fates, run, undo
from users import shop
from users.models import ImportRow, Order, OrderLine, OwnedProduct, Product
from users.services import products
from users.services.imports import order_lines, orders

pytestmark = pytest.mark.django_db

HEAD = ("order id", "user_id", "date", "total", "product id", "product", "category", "refund amount")
MAPPING = {
    str(position): name
    for position, name in enumerate(
        (
            "number",
            "user_id",
            "ordered_at",
            "total",
            "product_id",
            "product_name",
            "category",
            "refund_amount",
        )
    )
}


def file_of(*rows: tuple[str, ...]) -> Any:
    day = (clock.now() - timedelta(days=90)).date().isoformat()
    told = [(number, user, day, "30", *rest, *[""] * (4 - len(rest))) for number, user, *rest in rows]
    return checked("orders", HEAD, *told, mapping=MAPPING, match_key="user_id")


def is_ready() -> list[int]:
    return list(ImportRow.objects.exclude(ready=None).order_by("no").values_list("no", flat=True))


def test_rules_hear_a_new_order_once(monkeypatch: pytest.MonkeyPatch) -> None:
    at = clock.now() - timedelta(days=9)
    send(identify(at=at, user="u1"), track("Order Completed", at=at, user="u1", order_id="KNOWN", total=7))
    before = everything()
    name = "Tab\there, back\\slash, \\. and \\N, “quoted”\nnext line"
    file = file_of(("A", "u1", "p1", name, "Music"), ("B", "u2", "p2"), ("B", "u2", "p3"), ("C", "u2"))
    assert is_ready() == [2, 3, 5]
    assert [fate for _no, fate, _code in fates(file)] == ["new"] * 4
    with monkeypatch.context() as only:
        only.setattr(orders, "_hear", None)
        run(file)
    assert (file.counts, is_ready()) == ({"new": 4}, [])
    assert OrderLine.objects.get(number="A").name == name
    assert sorted(Order.objects.exclude(number="KNOWN").values_list("number", "customer__user_id", "net")) == [
        ("A", "u1", 3_000), ("B", "u2", 3_000), ("C", "u2", 3_000),
    ]  # fmt: skip
    assert sorted(OwnedProduct.objects.values_list("key", "quantity")) == [
        ("order:shop:A:p1", 1), ("order:shop:B:p2", 1), ("order:shop:B:p3", 1),
    ]  # fmt: skip
    undo(file)
    assert (file.result, everything()) == ({"left": 0}, before)


def test_what_somebody_told_since_is_judged_anew() -> None:
    at = clock.now() - timedelta(days=9)
    send(identify(at=at, user="u1"), identify(at=at, user="u2"))
    file = file_of(("A", "u1"), ("B", "u1"), ("C", "u1"), ("D", "u1"))
    later = clock.now() - timedelta(days=90)
    send(
        track("Order Completed", at=at, user="u1", order_id="A", total=31, payment_status="pending"),
        track("Order Completed", at=later, user="u2", order_id="B", total=7),
        track("Order Completed", at=at, user="u1", order_id="C", total=31),
    )
    run(file)
    assert fates(file) == [
        (2, "changes", ""),
        (3, "refused", "order_of_another"),
        (4, "changes", ""),
        (5, "new", ""),
    ]
    assert sorted(Order.objects.values_list("number", "customer__user_id", "net")) == [
        ("A", "u1", 3_100), ("B", "u2", 700), ("C", "u1", 3_100), ("D", "u1", 3_000),
    ]  # fmt: skip


def test_another_currency_of_the_shop_is_heard_anew() -> None:
    send(identify(at=clock.now(), user="u1"))
    file = file_of(("A", "u1"))
    shop.currency.set("JPY")
    run(file)
    assert Order.objects.values_list("currency", "total").get() == ("JPY", 30)


def test_a_stranger_is_made_by_his_first_row_whichever_way_his_orders_are_written() -> None:
    send(visit(at=clock.now(), user="u1"))
    before = everything()
    file = file_of(
        ("A", "new", "p1", "", "", "5"), ("B", "new", "p1"), ("C", "other", "p1"), ("D", "u1", "p1")
    )
    assert is_ready() == [3, 4, 5]
    run(file)
    made = ImportRow.objects.filter(before__has_key="new").values_list("no", flat=True)
    assert sorted(made) == [2, 4]
    undo(file)
    assert (file.result, everything()) == ({"left": 0}, before)


def test_set_categories_and_warranties_reach_lines_and_pieces() -> None:
    at = clock.now() - timedelta(days=200)
    send(*(track("Product Viewed", at=at, user="u1", product_id=one) for one in ("p1", "p2")))
    products.set_product("p1", category="Set", warranty_months=12, by=None)
    file = file_of(
        ("A", "u1", "p1", "One", "Told"), ("A", "u1", "p2", "Two", "Told"),
        ("B", "u1", "p2", "Two", "Told"), ("B", "u1", "p2", "Two", "Other"),
    )  # fmt: skip
    run(file)
    lines = OrderLine.objects.order_by("number", "line").values_list("number", "category")
    assert list(lines) == [("A", "Set"), ("A", "Told"), ("B", "Told"), ("B", "Other")]
    pieces = OwnedProduct.objects.order_by("key").values_list("key", "category", "quantity", "warranty_end")
    assert [(*one, end is not None) for *one, end in pieces] == [
        ("order:shop:A:p1", "Set", 1, True), ("order:shop:A:p2", "Told", 1, False),
        ("order:shop:B:p2", "Told", 2, False),
    ]  # fmt: skip
    assert Product.objects.get(product_id="p2").category == "Other"


def test_what_does_not_fit_the_tables_is_left_to_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    send(visit(at=clock.now() - timedelta(days=9), user="u1"))
    before = everything()
    file = file_of(("A", "u1", "p1"), ("B", "new", "p1"))
    whole = order_lines._put_orders

    def twice(tables: Any) -> None:
        whole(tables)
        whole(tables)

    monkeypatch.setattr(order_lines, "_put_orders", twice)
    run(file)
    assert (fates(file), customer("new").user_id) == ([(2, "new", ""), (3, "new", "")], "new")
    assert sorted(OwnedProduct.objects.values_list("key", flat=True)) == [
        "order:shop:A:p1",
        "order:shop:B:p1",
    ]
    undo(file)
    assert everything() == before
