"""Awarding past orders on purpose: history earns nothing by itself, an operator may say otherwise.

First a preview, then a long job in slices of orders. Points count from the day each order was paid, as if the
rule had been in force then, so old ones may already have matured or expired.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from config.kit.refusal import Refusal
from growth import shop
from growth.models import EarningRule, Lot
from growth.services.earn import Earning, earn
from growth.services.orders import earning_of, rule_in_force
from users import shop as users_shop
from users.models import LongJob, Operator, Order
from users.services import audit, long_jobs
from users.services.long_jobs import Chunk

KIND = "points.award_past_orders"
SLICE = 2000


@dataclass(frozen=True, slots=True)
class Preview:
    """What an award would do: how many orders of how many customers, and how many points in all."""

    orders: int
    customers: int
    points: int


def preview(*, since: datetime, until: datetime) -> Preview:
    """What an award would give for orders paid in [since, until) that have earned nothing yet."""
    orders, points, customers = 0, 0, set()
    for earning in _earnings(_unrewarded(since, until).iterator(chunk_size=SLICE)):
        if earning.points:
            orders += 1
            points += earning.points
            customers.add(earning.customer_id)
    return Preview(orders, len(customers), points)


@transaction.atomic
def start(*, since: datetime, until: datetime, by: Operator) -> LongJob:
    """Ask for the award of those orders as a long job. Refuses ``nothing_to_award`` and ``no_rule``."""
    seen = preview(since=since, until=until)
    if not seen.orders:
        raise Refusal("nothing_to_award", _("No order of this period has points to come."))
    period = {"since": since.isoformat(), "until": until.isoformat()}
    audit.record(KIND, by=by, after=period | {"orders": seen.orders, "points": seen.points})
    return long_jobs.start(
        KIND, title=lambda: _("Award points for past orders"), by=by, parameters=period, total=seen.orders
    )


@long_jobs.runs(KIND)
def next_chunk(job: LongJob, now: datetime) -> Chunk:
    """The next slice of a job's orders."""
    since, until = (parse_datetime(job.parameters[name]) for name in ("since", "until"))
    assert since is not None
    assert until is not None
    awarded, after = award_slice(since, until, after=job.parameters.get("after"))
    return Chunk(done=awarded, finished=after is None, parameters={"after": after})


def award(*, since: datetime, until: datetime) -> Iterator[int]:
    """Award those orders at once; yields how many were done after each slice, one transaction each."""
    done, after = award_slice(since, until, after=None)
    yield done
    while after is not None:
        awarded, after = award_slice(since, until, after=after)
        done += awarded
        yield done


@transaction.atomic
def award_slice(since: datetime, until: datetime, *, after: Any) -> tuple[int, Any]:
    """Award the next slice of orders; how many earned, and the order to go on after (None: that was all)."""
    orders = _unrewarded(since, until)
    if after is not None:
        orders = orders.filter(pk__gt=tuple(after))
    part = list(orders[:SLICE])
    awarded = earn(list(_earnings(part)))
    return awarded, list(part[-1].pk) if len(part) == SLICE else None


def _earnings(orders: "Iterator[Order] | list[Order]") -> Iterator[Earning]:
    rule = _demand_rule()
    currency, return_days = users_shop.currency.get(), shop.return_days.get()
    for order in orders:
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
    return paid.filter(~Exists(lots)).order_by("customer_id", "source", "number")
