"""Awarding past orders on purpose: history earns nothing by itself, an operator may say otherwise.

First a preview, then the award in slices of orders. Points count from the day each order was paid, as if the
rule had been in force then, so old ones may already have matured or expired.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from config.kit.batches import slices
from config.kit.refusal import Refusal
from growth import shop
from growth.models import EarningRule, Lot
from growth.services.earn import Earning, earn
from growth.services.orders import earning_of, rule_in_force
from users import shop as users_shop
from users.models import Operator, Order
from users.services import audit

SLICE = 2000


@dataclass(frozen=True, slots=True)
class Preview:
    """What an award would do: how many orders of how many customers, and how many points in all."""

    orders: int
    customers: int
    points: int


def preview(*, since: datetime, until: datetime) -> Preview:
    """What ``award`` would give for orders paid in [since, until) that have earned nothing yet."""
    orders, points, customers = 0, 0, set()
    for earning in _earnings(since, until):
        if earning.points:
            orders += 1
            points += earning.points
            customers.add(earning.customer_id)
    return Preview(orders, len(customers), points)


def award(*, since: datetime, until: datetime, by: Operator | None, actor: str = "") -> Iterator[int]:
    """Award those orders; yields the number of orders done so far, one transaction per slice."""
    done = 0
    for part in slices(_earnings(since, until), SLICE):
        done += earn(part)
        yield done
    period = {"since": since.isoformat(), "until": until.isoformat(), "orders": done}
    audit.record("points.award_past_orders", by=by, actor=actor, after=period)


def _earnings(since: datetime, until: datetime) -> Iterator[Earning]:
    rule = _demand_rule()
    currency, return_days = users_shop.currency.get(), shop.return_days.get()
    for order in _unrewarded(since, until).iterator(chunk_size=SLICE):
        yield earning_of(order, rule, currency=currency, return_days=return_days)


def _demand_rule() -> EarningRule:
    rule = rule_in_force()
    if rule is None:
        raise Refusal("no_rule", _("No earning rule is in force."))
    return rule


def _unrewarded(since: datetime, until: datetime) -> "QuerySet[Order]":
    lots = Lot.objects.filter(
        customer_id=OuterRef("customer_id"), order_source=OuterRef("source"), order_number=OuterRef("number")
    )
    paid = Order.objects.filter(counts=True, confirmed=True, paid_at__gte=since, paid_at__lt=until)
    return paid.filter(~Exists(lots)).order_by("customer_id", "paid_at")
