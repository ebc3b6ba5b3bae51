"""An order's points follow its net value: given when it is paid, taken back as it is refunded.

Facts may come doubled and in any order, so they mean "go and look": under the customer's lock the order as
it stands now decides. A refund that came before the order was paid has already lowered its net.
"""

from datetime import datetime, timedelta

from django.db import transaction

from growth import shop
from growth.earning import points_for
from growth.models import EarningRule
from growth.services import ledger
from growth.services.earn import Earning, earn, take_back
from users import shop as users_shop
from users.models import Order


def rule_in_force() -> EarningRule | None:
    """The first earning rule in force; it alone decides."""
    return EarningRule.objects.filter(is_active=True).first()


def earning_of(order: Order, rule: EarningRule, *, currency: str, return_days: int) -> Earning:
    """What a paid order earns by the rule, from the instant it was paid."""
    paid_at = order.paid_at or order.ordered_at
    return Earning(
        customer_id=order.customer_id,
        source=order.source,
        number=order.number,
        points=points_for(order.net, points_per_unit=rule.points_per_unit, currency=currency),
        net=order.net,
        at=paid_at,
        matures_at=paid_at + timedelta(days=return_days),
        note=rule.name,
    )


@transaction.atomic
def award(customer_id: int, source: str, number: str) -> None:
    """Give the points of one paid order; nothing when it does not count or no rule is in force."""
    customer_id = ledger.hold_survivor(customer_id)
    order = Order.objects.filter(customer_id=customer_id, source=source, number=number, counts=True).first()
    rule = rule_in_force()
    if order is not None and rule is not None:
        currency, return_days = users_shop.currency.get(), shop.return_days.get()
        earn([earning_of(order, rule, currency=currency, return_days=return_days)])


@transaction.atomic
def follow(customer_id: int, source: str, number: str, *, key: str, now: datetime) -> int:
    """Take back what an order's net no longer deserves; how many points. ``key`` names the refund."""
    customer_id = ledger.hold_survivor(customer_id)
    order = Order.objects.filter(customer_id=customer_id, source=source, number=number).first()
    if order is None:
        return 0
    net_after = order.net if order.counts else 0
    return take_back(customer_id, source=source, number=number, net_after=net_after, key=key, now=now)
