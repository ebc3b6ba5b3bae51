"""Products bought: how many, for how much, when first and last, how many different ones."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation

from config.kit import clock
from config.kit.batches import fetch
from config.kit.refusal import Refusal
from segments.admin.catalogue import catalogue
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.rules.schema import json_schema
from segments.rules.words import Words
from tests.clock import move_to
from tests.segments.shop import ago, customer, members, order, rule, segment
from users.models import Customer, Order, OrderLine
from users.services import categories
from users.services.shares import follow_orders

NOW = datetime(2026, 5, 14, 7, 30, tzinfo=UTC)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOW)


def bought(
    who: Customer, days: int, net: int, *lines: tuple[str, str, int, int], counts: bool = True
) -> Order:
    """An order with lines of product, category, quantity and amount."""
    made = order(who, ago(days=days), net, counts=counts)
    for at, (product, category, quantity, amount) in enumerate(lines):
        OrderLine.objects.create(
            customer=who, source="shop", number=made.number, line=at, product_id=product, sku=f"{product}-s",
            category=category, quantity=quantity, price=1, amount=amount,
        )  # fmt: skip
    follow_orders([made.pk])
    return made


def asked(op: str, *, where: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    filters = [{"property": key, "op": "equals", "value": value} for key, value in (where or {}).items()]
    return {"happened": "order_lines", "op": op, **more, **({"where": filters} if filters else {})}


def test_pieces_of_a_product_are_added_up_over_orders_that_count() -> None:
    three, two = customer(), customer()
    bought(three, 40, 500, ("tea", "Tea", 1, 100), ("cup", "Cups", 9, 400))
    bought(three, 3, 200, ("tea", "Tea", 2, 200))
    bought(two, 3, 200, ("tea", "Tea", 2, 200))
    bought(two, 2, 900, ("tea", "Tea", 9, 900), counts=False)
    assert members(segment(asked("total", of="quantity", at_least=3, where={"product": "tea"}))) == {three.pk}
    window = {"in_last_days": 30}
    found = segment(asked("total", of="quantity", at_least=2, at_most=2, where={"product": "tea"}, **window))
    assert members(found) == {three.pk, two.pk}


def test_money_by_category_has_its_part_of_what_the_order_brought_to_the_cent() -> None:
    """An order's net of 1,000 shared 1 : 1 : 1 gives 334, 333 and 333; together they are the order."""
    categories.sort_in(["Music > Jazz", "Music > Rock", "Books"])
    one = customer()
    bought(one, 3, 1000, ("a", "Music > Jazz", 1, 50), ("b", "Music > Rock", 1, 50), ("c", "Books", 1, 50))
    music, books = {"category": "Music"}, {"category": "Books"}
    assert members(segment(asked("total", of="amount", at_least=1000, at_most=1000)))
    assert members(segment(asked("total", of="amount", at_least=667, at_most=667, where=music)))
    assert members(segment(asked("highest", of="amount", at_least=334, at_most=334, where=music)))
    assert members(segment(asked("total", of="amount", at_least=333, at_most=333, where=books)))
    assert not members(segment(asked("total", of="amount", at_least=334, where=books)))


def test_lines_without_amounts_have_no_known_part() -> None:
    gift = customer()
    bought(gift, 3, 1000, ("a", "Tea", 1, 0))
    assert members(segment(asked("did"))) == {gift.pk}
    assert members(segment(asked("total", of="amount", at_least=1))) == set()
    assert members(segment(asked("highest", of="amount", at_least=0))) == set()


def test_a_rule_about_money_by_line_shares_nothing_out_while_it_is_asked() -> None:
    """The share stands with the line: asking a million lines reads a column (it was computed per line once)."""
    condition = parse(rule(asked("total", of="amount", at_least=100, where={"category": "Tea"})))
    found = Customer.objects.filter(condition.root.expression(AsOf(clock.now()))).values("pk")
    sql, _parameters = found.query.sql_with_params()
    assert '."share"' in sql and "line_share" not in sql and "OVER (" not in sql


def test_first_and_last_purchase_of_a_product() -> None:
    old, new = customer(), customer()
    bought(old, 90, 100, ("tea", "Tea", 1, 100))
    bought(old, 2, 100, ("cup", "Cups", 1, 100))
    bought(new, 5, 100, ("tea", "Tea", 1, 100))
    tea = {"product": "tea"}
    assert members(segment(asked("first", where=tea, in_last_days=30))) == {new.pk}
    assert members(segment(asked("last", where=tea, more_than_days_ago=60))) == {old.pk}
    assert members(segment(asked("last", where={"variant": "tea-s"}, in_last_days=30))) == {new.pk}


def test_a_product_told_only_by_its_variant_is_found_by_it() -> None:
    one = customer()
    made = bought(one, 5, 100, ("", "Tea", 1, 100))
    OrderLine.objects.filter(number=made.number).update(sku="green-tea")
    assert members(segment(asked("did", at_least=1, where={"product": "green-tea"}))) == {one.pk}


def test_different_products_and_categories() -> None:
    broad, narrow, nobody = customer(), customer(), customer()
    bought(broad, 3, 100, ("a", "Tea", 1, 50), ("b", "Cups", 1, 50))
    bought(broad, 2, 100, ("c", "", 1, 100))
    bought(narrow, 3, 100, ("a", "Tea", 1, 50), ("b", "Tea", 1, 50))
    assert members(segment(asked("distinct", of="product", at_least=3))) == {broad.pk}
    assert members(segment(asked("distinct", of="category", at_least=2))) == {broad.pk}
    assert members(segment(asked("distinct", of="category", at_least=1, at_most=1))) == {narrow.pk}
    assert members(segment(asked("distinct", of="category", at_most=1))) == {narrow.pk, nobody.pk}


def test_different_values_in_words() -> None:
    condition = parse(rule(asked("distinct", of="category", at_least=2, in_last_days=30)))
    with translation.override("en"):
        said = condition.root.sentence(Words())
    assert "bought a product with at least 2 different values of category in the last 30 days" in said


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (asked("distinct", at_least=1), "missing_key"),
        (asked("distinct", of="quantity", at_least=1), "not_a_text"),
        (asked("total", of="category", at_least=1), "not_a_number"),
        (asked("distinct", of="product"), "missing_key"),
        (asked("distinct", of="product", at_least=0), "means_everyone"),
        (asked("distinct", of="product", at_least=1.5), "wrong_type"),
        ({"happened": "orders", "op": "distinct", "of": "category", "at_least": 1}, "not_a_text"),
    ],
)
def test_what_cannot_be_counted_is_refused(wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(rule(wrong))
    assert refused.value.code == code


def test_lines_are_joined_to_their_orders_by_the_whole_key_once() -> None:
    """No statement per line: one join, which the planner may hash or walk along the keys."""
    condition = parse(rule(asked("did", at_least=2, in_last_days=30)))
    found = Customer.objects.filter(condition.root.expression(AsOf(clock.now()))).values("pk")
    sql, parameters = found.query.sql_with_params()
    assert sql.count('INNER JOIN "users_order" ') == 1
    ((plan,),) = fetch(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
    assert "SubPlan" not in str(plan).replace("hashed SubPlan", "")


def test_the_builder_offers_what_the_parser_takes() -> None:
    """Figures for the top N % and for totals, texts for different values: the same lists on both sides."""
    offered = catalogue(clock.now())
    top = json_schema()["$defs"]["condition"]["anyOf"]
    figures = next(one["properties"]["by"]["enum"] for one in top if "top" in one.get("properties", {}))
    assert [one["name"] for one in offered["fields"] if one["has_top"]] == figures
    lines = next(one for one in offered["sources"] if one["name"] == "order_lines")["properties"]
    assert [one["name"] for one in lines if one["is_figure"]] == ["quantity", "amount"]
    for one in lines:
        if one["is_text"]:
            parse(rule(asked("distinct", of=one["name"], at_least=1)))
    days = next(form for form in offered["forms"] if form["key"] == "in_stage")["inputs"][2]
    assert (days["key"], days["only_if"]) == ("days", ("op", "for_at_least", "for_at_most"))
