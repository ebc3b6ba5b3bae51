"""Importing orders with their lines, refunds and cancellations: history, judged by the orders' own rules.

A file has one row per line; rows of one order number belong together, and the first one says what holds for
the order. Judging lets the order's own rules hear the rows without writing anything, so the dry run cannot
differ from what happens.
"""

import copy
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from users import shop
from users.models import Fate
from users.money import major_text
from users.orders import OrderEvent, OrderState, Unusable, read
from users.services import stages
from users.services.erased import erased_among
from users.services.exchange_rates import Rates
from users.services.imports import order_ready, order_writing
from users.services.imports.kinds import (
    Batch,
    ImportKind,
    Row,
    Together,
    Verdict,
    Verdicts,
    Written,
    duplicate_of,
    refused,
    register,
)
from users.services.imports.order_fields import FIELDS
from users.services.imports.order_rows import (
    Ledger,
    Saying,
    Told,
    contradiction,
    order_of,
    said_by,
    unclear_refund,
)
from users.services.imports.order_undo import take_back
from users.services.orders import Key, OrderPlan, OrderRow, order_owners, orders_on_record

AMOUNTS = frozenset({"total", "tax", "shipping", "discount", "refunded"})


class Orders(ImportKind):
    """Orders with their lines and refunds."""

    name = "orders"
    title = _("Orders")
    about = _(
        "Orders with lines and refunds, one row per line. They move stages and figures but start nothing."
    )
    fields = FIELDS
    by_customer = True

    def mark(self, row: Row) -> str:
        """One order."""
        return "|".join(order_of(row))

    def judge(self, groups: Sequence[list[Row]], batch: Batch) -> tuple[Verdicts, Ledger]:
        """Whether the orders' own rules would hear each order, and whether that would change it."""
        owners = order_owners(order_of(group[0]) for group in groups)
        stages.lock(set(owners.values()) - {group[0].customer_id for group in groups})
        verdicts: Verdicts = {}
        told: list[Told] = []
        for group in groups:
            order, ours = _read(group, owners, batch)
            verdicts |= ours
            if order:
                told.append(order)
        known = orders_on_record(one.key for one in told if one.customer_id)
        gone = erased_among(
            (batch.file.match_key, one.rows[0].key) for one in told if one.customer_id is None
        )
        ledger = Ledger(Rates(shop.currency.get()), frozenset(known), frozenset(owners))
        ledger.rates.load({one.currency for one in told} | {row.state.currency for row in known.values()})
        for one in told:
            verdict = _erased(one, gone) or _hear(one, known, ledger.rates, batch)
            for row in one.rows:
                if row.no not in verdicts:
                    verdicts[row.no] = _of_row(row, one, verdict)
            if verdict.fate in (Fate.NEW, Fate.CHANGES):
                ledger.chosen.append(one)
        return verdicts, ledger

    def write(
        self, plan: Ledger, verdicts: Verdicts, batch: Batch
    ) -> dict[int, tuple[int | None, dict[str, Any]]]:
        """Customers where they are new, then the orders as judging found them."""
        return order_writing.write(plan, batch)

    def ready(self, plan: Ledger) -> dict[int, str]:
        """New orders as their rules heard them, nearly all there are."""
        return order_ready.ready(plan)

    def write_ready(self, groups: Sequence[Together], batch: Batch) -> set[str]:
        """Those of which nobody has told since."""
        return order_ready.write(groups, batch)

    def take_back(self, rows: Sequence[Written], batch: Batch) -> dict[int, str]:
        """Orders are put back to what they were, as far as nobody has told of them since."""
        return take_back(rows, batch)


def _read(
    group: list[Row], owners: Mapping[tuple[str, str], int], batch: Batch
) -> tuple[Told | None, Verdicts]:
    """The order that rows tell, and verdicts on rows that tell nothing or refuse the whole order."""
    first = group[0]
    verdicts: Verdicts = {}
    seen: dict[str, int] = {}
    rows: list[Row] = []
    for row in group:
        if row.cells in seen:
            verdicts[row.no] = duplicate_of(seen[row.cells])
        else:
            seen[row.cells] = row.no
            rows.append(row)
    problem = contradiction(rows) or unclear_refund(rows) or _not_ours(first, owners)
    if problem is None and first.values["ordered_at"] > batch.now:
        problem = refused("in_future", "ordered_at")
    if problem is None:
        order = order_of(first)
        told = Told(rows, order, first.customer_id or owners.get(order), len(group))
        told.said = list(said_by(told, batch))
        return told, verdicts
    for row in rows:
        verdicts[row.no] = problem if row is first else refused(problem.code, problem.field, **problem.detail)
    return None, verdicts


def _not_ours(first: Row, owners: Mapping[tuple[str, str], int]) -> Verdict | None:
    owner = owners.get(order_of(first))
    if owner is not None and owner != first.customer_id:
        return refused("order_of_another", "number", customer=owner)
    return None


def _erased(one: Told, gone: Mapping[tuple[str, str], str]) -> Verdict | None:
    """Who asked to be erased is not made again by a file."""
    kind_and_key = [key for key in gone if key[1] == one.rows[0].key and one.customer_id is None]
    return refused("erased", kind_and_key[0][0]) if kind_and_key else None


def _hear(one: Told, known: Mapping[Key, OrderRow], rates: Rates, batch: Batch) -> Verdict:
    """Let the order's rules hear what the rows say, as the intake would; what comes of it, on a copy."""
    key = one.key
    plan = OrderPlan(oldest_trigger=batch.now, is_history=True, rates=rates)
    before = known.get(key)
    if before:
        plan.orders = {key: copy.deepcopy(before)}
    currency = shop.currency.get()
    for event, message_id, at, properties in sorted(one.said, key=_place):
        try:
            telling = read(
                event, properties, message_id=message_id, at=at, confirmed=True, shop_currency=currency
            )
        except Unusable as problem:
            return refused(problem.code, problem.field)
        if code := plan.hear(key[0], telling):
            return refused(code, "refund_amount" if event is OrderEvent.REFUNDED else "number")
    one.row = plan.orders[key]
    if before is None:
        return Verdict(Fate.NEW, detail={"lines": len(plan.orders[key].state.lines)})
    changes = _changes(before, plan.orders[key], one)
    return Verdict(Fate.CHANGES, detail={"changes": changes}) if changes else Verdict(Fate.UNCHANGED)


def _place(saying: Saying) -> tuple[bool, datetime]:
    """In which order the intake hears: first what tells the order, then by time."""
    return saying[0] is not OrderEvent.COMPLETED, saying[2]


def _changes(before: OrderRow, after: OrderRow, one: Told) -> list[list[str]]:
    """What differs: [what, before, after]."""
    names = (
        "total",
        "tax",
        "shipping",
        "discount",
        "coupon",
        "refunded",
        "paid_at",
        "cancelled_at",
        "confirmed",
    )
    changes = [
        [name, _shown(name, before.state), _shown(name, after.state)]
        for name in names
        if getattr(before.state, name) != getattr(after.state, name)
    ]
    if after.lines_told and before.state.lines != after.state.lines:
        changes.append(["lines", str(len(before.state.lines)), str(len(after.state.lines))])
    return changes


def _shown(name: str, state: OrderState) -> str:
    value = getattr(state, name)
    if value is not None and name in AMOUNTS:
        return major_text(value, state.currency)
    return "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)


def _of_row(row: Row, one: Told, verdict: Verdict) -> Verdict:
    """The verdict on a row of an order: the first row bears the order's, the others say to what they belong."""
    if row is one.rows[0]:
        return verdict
    return Verdict(verdict.fate, verdict.code or "part_of", verdict.field, {"row": one.rows[0].no})


register(Orders())
