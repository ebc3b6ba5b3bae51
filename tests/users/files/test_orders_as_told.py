"""Orders of a file end in what the same orders, told by the shop's back end, end in."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.kit import clock
from config.kit.batches import fetch
from tests.users.door import send, track
from tests.users.files.hands import checked, fates, run
from users.models import ImportRow

pytestmark = pytest.mark.django_db

HEAD = (
    "order id", "user_id", "date", "total", "tax", "status", "product id", "product", "category", "quantity", "price",
    "refund id", "refund amount", "refunded at", "line id", "sku", "refund line id", "refund sku", "refund quantity",
    "refund line amount",
)  # fmt: skip
MAPPING = {
    str(position): name
    for position, name in enumerate(
        ("number", "user_id", "ordered_at", "total", "tax", "status", "product_id", "product_name", "category",
         "quantity", "price", "refund_id", "refund_amount", "refunded_at", "line_id", "sku", "refund_line_id",
         "refund_sku", "refund_quantity", "refund_line_amount")
    )
}  # fmt: skip
LINE = st.tuples(st.sampled_from(["p1", "p2", "p3"]), st.integers(1, 3), st.integers(1, 9))
ORDER = st.fixed_dictionaries(
    {
        "user": st.sampled_from(["u1", "u2", "u7", "u8"]),
        "days": st.sampled_from([20, 21, 45, 140, 400]),
        "total": st.sampled_from(["30.00", "59.70", "12.5"]),
        "tax": st.sampled_from(["", "2.5"]),
        "status": st.sampled_from(["paid", "paid", "open", "cancelled"]),
        "lines": st.lists(LINE, max_size=2),
        "refunds": st.lists(st.sampled_from(["2.5", "10"]), max_size=1),
        "of": st.sampled_from(["", "line", "pieces", "money", "both"]),
    }
)
CATEGORY = {"p1": "Jazz", "p2": "Music > Rock", "p3": ""}
FIGURES = {
    "order": (
        "users_order",
        (
            "source, number, ordered_at, paid_at, cancelled_at, confirmed, currency, total, tax, shipping, discount,"
            " refunded, rate, net, coupon, counts, is_history, told_at"
        ),
    ),
    "line": (
        "users_orderline",
        "source, number, line, line_id, sku, product_id, name, category, quantity, price, amount, share, sold_at",
    ),
    "refund": ("users_refund", "source, number, refund_id, refunded_at, confirmed, amount, net, lines"),
    "key": ("users_orderkey", "source, number"),
    "owned": ("users_ownedproduct", "key, product_id, category, since, warranty_end, quantity"),
    "day": ("users_customerday", "day, first_at, last_at, events"),
    "standing": (
        "users_standing",
        (
            "stage, stage_at, first_activity_at, last_activity_at, run_started_at, active_days, next_move_at, orders,"
            " revenue, first_order_at, last_order_at"
        ),
    ),
    "move": ("users_stagemove", "at, from_stage, to_stage, cause, superseded_at IS NULL"),
    "event": (
        "users_event JOIN users_eventtype type ON type.id = type_id",
        "name, occurred_at, value, category, confirmed",
    ),
}


def _by_user(table: str, columns: str) -> list[str]:
    rows = fetch(
        f"SELECT customer.user_id, held.* FROM (SELECT customer_id, {columns} FROM {table}) AS held"
        " JOIN users_customer customer ON customer.id = held.customer_id"
    )
    return sorted(str((user, *figures)) for user, _id, *figures in rows)


def figures() -> dict[str, list[str]]:
    """Everything that follows from orders, by userId."""
    found = {name: _by_user(table, columns) for name, (table, columns) in FIGURES.items()}
    found["customer"] = sorted(
        map(str, fetch("SELECT user_id, identified, first_seen_at FROM users_customer"))
    )
    return found


def rows_of(number: int, order: dict[str, Any]) -> list[tuple[str, ...]]:
    """An order as rows of a file: one per line, the refund in the first."""
    day = _at(order["days"]).isoformat()
    head = (f"N{number}", order["user"], day, order["total"], order["tax"], order["status"])
    refund, named = [""] * 3, [[""] * 4, [""] * 4]
    if order["refunds"]:
        amount, of = order["refunds"][0], order["of"] if order["lines"] else ""
        refund = [f"R{number}", "" if of == "money" else amount, _at(order["days"] - 3).isoformat()]
        named = {
            "": named,
            "line": [["L1", "", "", ""], [""] * 4],
            "pieces": [["", f"{order['lines'][0][0]}-s", "1", ""], [""] * 4] if of else named,
            "money": [["L1", "", "", amount], [""] * 4],
            "both": [["L1", "", "", "1"], ["L2", "", "", "1.5"]],
        }[of]
    lines = [
        (product, f"LP {product}", CATEGORY[product], str(pieces), str(price), f"L{place}", f"{product}-s")
        for place, (product, pieces, price) in enumerate(order["lines"], start=1)
    ] or [("", "", "", "", "", "", "")]
    return [
        (*head, *line[:5], *(refund if not place else [f"R{number}", "", ""]), *line[5:], *named[place])
        for place, line in enumerate(lines)
    ]


def _given_back(order: dict[str, Any]) -> dict[str, Any]:
    """The same refund as a back end tells it."""
    amount, of = float(order["refunds"][0]), order["of"] if order["lines"] else ""
    both = [{"line_id": f"L{n}", "amount": part} for n, part in ((1, 1), (2, 1.5))][: len(order["lines"])]
    lines: dict[str, list[dict[str, Any]]] = {
        "": [],
        "line": [{"line_id": "L1"}],
        "pieces": [{"sku": f"{order['lines'][0][0]}-s", "quantity": 1}] if of else [],
        "money": [{"line_id": "L1", "amount": amount}],
        "both": both,
    }
    return {"amount": amount, **({"products": lines[of]} if of else {})}


def told(number: int, order: dict[str, Any]) -> list[dict[str, Any]]:
    """The same order as calls of a back end."""
    at, user, name = _at(order["days"]), order["user"], f"N{number}"
    said: dict[str, Any] = {"order_id": name, "total": float(order["total"])}
    if order["tax"]:
        said["tax"] = float(order["tax"])
    if order["status"] == "open":
        said["payment_status"] = "pending"
    if order["lines"]:
        said["products"] = [
            {
                "product_id": product,
                "name": f"LP {product}",
                "category": CATEGORY[product],
                "quantity": n,
                "price": price,
                "line_id": f"L{place}",
                "sku": f"{product}-s",
            }
            for place, (product, n, price) in enumerate(order["lines"], start=1)
        ]
    calls = [track("Order Completed", at=at, user=user, **said)]
    if order["refunds"]:
        back = {"order_id": name, "refund_id": f"R{number}", **_given_back(order)}
        calls.append(track("Order Refunded", at=_at(order["days"] - 3), user=user, **back))
    if order["status"] == "cancelled":
        calls.append(track("Order Cancelled", at=at, user=user, order_id=name))
    return calls


def _at(days: int) -> Any:
    return clock.now().replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=days)


def _shop() -> None:
    """u1 bought and looked around, u2 came once, long ago; u7 and u8 are not known yet."""
    send(
        track("Product Viewed", at=_at(300), user="u1", product_id="p1"),
        track("Order Completed", at=_at(90), user="u1", order_id="OLD", total=7),
        track("Product Viewed", at=_at(44), user="u1", product_id="p1"),
        track("Product Viewed", at=_at(500), user="u2", product_id="p1"),
    )


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders=st.lists(ORDER, min_size=1, max_size=5))
def test_a_file_and_the_back_end_end_in_the_same(orders: list[dict[str, Any]]) -> None:
    ends = []
    for by_file in (True, False):
        with transaction.atomic():
            _shop()
            if by_file:
                rows = [row for number, order in enumerate(orders) for row in rows_of(number, order)]
                file = run(checked("orders", HEAD, *rows, mapping=MAPPING, match_key="user_id"))
                assert {fate for _no, fate, code in fates(file) if not code} == {"new"}
                assert ImportRow.objects.filter(file=file, state="written").count() == len(orders)
            else:
                send(*(call for number, order in enumerate(orders) for call in told(number, order)))
            ends.append(figures())
            transaction.set_rollback(True)
    assert ends[0] == ends[1]
