"""What customers do, buy and become, and what follows from it (see ``writers``)."""

from datetime import timedelta

from config.kit import clock
from tests.clock import move
from tests.operators import operator
from tests.segments.acts import DAY, NOW, Act, Json, field, filtered, happened, is_any
from tests.settling import apply_everything
from tests.users.door import customer, send, track, visit
from tests.users.value.shop import invent, open_shop
from users.models import Category
from users.services import (
    categories,
    erase,
    joining,
    owned,
    products,
    stages,
    value,
)

# --- What they do -------------------------------------------------------------------------------------------


def come_by() -> None:
    for back in (2, 1, 0):
        send(visit(at=clock.now() - back * DAY, user="cleo"))
    send(track("Product Viewed", at=clock.now(), user="cleo", category="Jazz", value=5, price=5))


def fall_asleep() -> None:
    move(40 * DAY)
    stages.move_stages(clock.now())


def line(product: str, category: str) -> Json:
    return {"product_id": product, "name": product, "category": category, "price": 20, "quantity": 1}


def buy() -> None:
    send(
        track(
            "Order Completed",
            at=clock.now(),
            user="dora",
            order_id="D1",
            total=40,
            currency="USD",
            coupon="MAY",
            products=[line("rec-1", "Music > Jazz"), line("book-1", "Books")],
        ),
        track(
            "Order Completed",
            at=clock.now(),
            user="dora",
            order_id="D2",
            total=20,
            currency="USD",
            products=[line("rec-1", "Music > Jazz")],
        ),
    )
    apply_everything()


def refund() -> None:
    send(
        track(
            "Order Refunded",
            at=clock.now(),
            user="dora",
            order_id="D1",
            refund_id="R1",
            total=10,
            currency="USD",
        )
    )
    apply_everything()


def cancel() -> None:
    send(track("Order Cancelled", at=clock.now(), user="dora", order_id="D2"))
    apply_everything()


def sort_product() -> None:
    products.set_product("rec-1", category="Sheet music", warranty_months=24, by=operator())


def register_card() -> None:
    owned.register(
        customer("dora").pk,
        product_id="book-1",
        serial="S1",
        since=clock.now() - DAY,
        now=clock.now(),
        months=12,
        by=operator(),
    )


def move_category() -> None:
    below = Category.objects.get(path="Books")
    categories.move(Category.objects.get(path="Sheet music").pk, below=below.pk, by=operator())


def a_day_of_figures() -> None:
    value.compute(clock.now())


def many_buyers() -> None:
    open_shop(invent(900, NOW - timedelta(hours=9)))


# --- Who turn out to be one, and who leave ------------------------------------------------------------------


def join() -> None:
    joining.join(customer("ada").pk, customer("dora").pk, now=clock.now(), cause="hand")
    apply_everything()


def leave() -> None:
    erase.erase(customer("cleo").pk, by=operator(), now=clock.now())


DOINGS = (
    Act(
        "visits on three days",
        come_by,
        (
            is_any("stage", "new"),
            field("stage_since", "in_last_days", 10),
            field("last_activity", "in_last_days", 1),
            field("first_activity", "in_last_days", 10),
            field("active_days", "at_least", 3),
            is_any("phase", "verifying"),
            happened("stage_moves", to=["new"]),
            {"event": "Product Viewed", "op": "did", "where": [filtered("category", "Jazz")]},
        ),
    ),
    Act(
        "two orders",
        buy,
        (
            field("orders", "at_least", 2),
            field("revenue", "at_least", 6000),
            field("first_order", "in_last_days", 1),
            field("last_order", "in_last_days", 1),
            field("aov", "is_known"),
            field("paying", "equals", True),
            field("categories_bought", "at_least", 2),
            happened("orders", category="Music > Jazz"),
            happened("order_lines", product="rec-1"),
            {"happened": "order_lines", "op": "distinct", "of": "product", "at_least": 2},
            happened("owned", product="rec-1"),
        ),
    ),
    Act(
        "a partial refund",
        refund,
        (
            happened("refunds", category="Books"),
            {"happened": "order_lines", "op": "total", "of": "amount", "at_least": 6000},
            happened("orders", refunded=True),
            field("revenue", "at_least", 6000),
        ),
    ),
    Act(
        "a cancellation",
        cancel,
        (happened("cancelled_orders"), field("orders", "at_least", 2), happened("order_lines", 3)),
    ),
    Act(
        "a product is sorted anew and gets a warranty",
        sort_product,
        (
            happened("orders", category="Sheet music"),
            happened("order_lines", category="Sheet music"),
            {"happened": "warranties", "op": "did", "in_next_days": 3000},
        ),
    ),
    Act("a warranty card", register_card, (happened("owned", how=["card"]),)),
    Act("a category moves below another", move_category, (happened("owned", 3, category="Books"),)),
    Act(
        "the figures of the day",
        a_day_of_figures,
        (
            field("rfm_r", "at_least", 3),
            field("rfm_f", "at_least", 3),
            field("rfm_m", "at_least", 3),
            is_any("rfm_group", "champions"),
            field("is_core", "equals", True),
            field("top_revenue", "at_most", 20),
            field("top_orders", "at_most", 20),
            field("top_ltv", "at_most", 20),
            field("predicted_ltv", "at_least", 1),
            field("expected_orders", "more_than", 0),
            field("p_alive", "at_least", 1),
            field("churn_risk", "at_least", 1),
            is_any("order_band", "2-5"),
            field("aov_band", "is_known"),
            field("favourite_category", "equals", "Jazz"),
            field("fan", "is_known"),
            field("best_hour", "is_known"),
            field("revenue_year", "at_least", 1),
            field("orders_window", "at_least", 1),
            field("repeat_days", "at_least", 1),
            field("leader_score", "at_least", 1),
        ),
        prepare=many_buyers,
    ),
    Act(
        "time passes over the stages",
        fall_asleep,
        (is_any("stage", "dormant"), happened("stage_moves", to=["dormant"])),
    ),
)

ENDS = (
    Act("two customers turn out to be one", join, (happened("joins"), happened("owned", how=["card"]))),
    Act("a customer is erased", leave, (field("active_days", "at_least", 3),)),
)
