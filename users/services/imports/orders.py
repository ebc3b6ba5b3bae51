"""Importing orders with their lines, refunds and cancellations: history, told through the one way in.

A file has one row per line; rows of one order number belong together, and the first one says what holds for
the order. Judging lets the order's own rules hear the rows without writing anything, so the dry run cannot
differ from what happens.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from users import shop
from users.models import Fate
from users.money import major_text
from users.orders import (
    DEFAULT_SOURCE,
    LONGEST_NUMBER,
    SOURCE_PROPERTY,
    OrderEvent,
    OrderState,
    Unusable,
    read,
)
from users.services import stages
from users.services.erased import erased_among
from users.services.exchange_rates import Rates
from users.services.imports import people
from users.services.imports.kinds import (
    Batch,
    ImportKind,
    Row,
    Verdict,
    Verdicts,
    Written,
    duplicate_of,
    refused,
    register,
)
from users.services.imports.order_fields import FIELDS, HEADER_FIELDS, LINE_FIELDS
from users.services.imports.order_undo import Snapshot, snapshots, take_back
from users.services.imports.people import Handle
from users.services.orders import Key, OrderPlan, OrderRow, order_owners, orders_on_record

AMOUNTS = frozenset({"total", "tax", "shipping", "discount", "refunded"})


def order_of(row: Row) -> tuple[str, str]:
    """Which order a row speaks of: source and number."""
    return row.values.get("source", DEFAULT_SOURCE), str(row.values["number"])


@dataclass(slots=True)
class Told:
    """An order of the file: its rows, what they say as the intake's events, and whose it will be."""

    rows: list[Row]
    said: list[tuple[OrderEvent, str, datetime, dict[str, Any]]]
    customer_id: int | None

    @property
    def currency(self) -> str:
        """The currency named, else ""."""
        return str(self.rows[0].values.get("currency", "")).upper()

    @property
    def order(self) -> tuple[str, str]:
        """Its source and number."""
        return order_of(self.rows[0])

    @property
    def key(self) -> Key:
        """The order's key; of a customer who is not known yet with 0."""
        return (self.customer_id or 0, *self.order)


@dataclass(slots=True)
class Ledger:
    """The orders that will be written."""

    chosen: list[Told] = field(default_factory=list)


class Orders(ImportKind):
    """Orders with their lines and refunds."""

    name = "orders"
    title = _("Orders")
    about = _(
        "Orders with lines and refunds, one row per line. They move stages and figures but start nothing."
    )
    fields = FIELDS

    def mark(self, row: Row) -> str:
        """One order."""
        return "|".join(order_of(row))

    def judge(self, groups: Sequence[list[Row]], batch: Batch) -> tuple[Verdicts, Ledger]:
        """Whether the orders' own rules would hear each order, and whether that would change it."""
        owners = order_owners(order_of(group[0]) for group in groups)
        stages.lock({group[0].customer_id for group in groups if group[0].customer_id} | set(owners.values()))
        ledger = Ledger()
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
        rates = Rates(shop.currency.get())
        rates.load({one.currency for one in told} | {row.state.currency for row in known.values()})
        for one in told:
            verdict = _erased(one, gone) or _hear(one, known, rates, batch)
            for row in one.rows:
                if row.no not in verdicts:
                    verdicts[row.no] = _of_row(row, one, verdict)
            if verdict.fate in (Fate.NEW, Fate.CHANGES):
                ledger.chosen.append(one)
        return verdicts, ledger

    def write(
        self, plan: Ledger, verdicts: Verdicts, batch: Batch
    ) -> dict[int, tuple[int | None, dict[str, Any]]]:
        """Customers where they are new, then the events of the orders."""
        before = snapshots(one.key for one in plan.chosen if one.customer_id)
        known = {one.customer_id for one in plan.chosen if one.customer_id}
        handles, made = people.handles(known, batch.now)
        strangers = _strangers(plan, batch)
        items = [
            people.item("identify", handle, batch.message_id(no), first)
            for no, handle, first in strangers.values()
        ]
        for one in plan.chosen:
            handle = handles[one.customer_id] if one.customer_id else strangers[one.rows[0].key][1]
            items += [
                people.item("track", handle, message_id, at, name=event.value, properties=properties)
                for event, message_id, at, properties in one.said
            ]
        people.apply_items(items, batch)
        whose = people.owners(handle.key for _no, handle, _first in strangers.values())
        new = {key: whose[handle.key] for key, (_no, handle, _first) in strangers.items()}
        reached = _reach(new, batch)
        after = snapshots((one.customer_id or new[one.rows[0].key], *one.order) for one in plan.chosen)
        return {
            one.rows[0].no: _entry(one, new, strangers, reached, made, before, after, batch)
            for one in plan.chosen
        }

    def take_back(self, rows: Sequence[Written], batch: Batch) -> dict[int, str]:
        """Orders are put back to what they were, as far as nobody has told of them since."""
        return take_back(rows, batch)


Stranger = tuple[int, Handle, datetime]


def _strangers(plan: Ledger, batch: Batch) -> dict[str, Stranger]:
    """Customers that nobody knows yet: their key, the row that makes them, their handle, their first order."""
    kind = batch.file.match_key
    found: dict[str, Stranger] = {}
    for one in plan.chosen:
        row = one.rows[0]
        if one.customer_id is None and row.key not in found:
            handle = Handle(row.key, None) if kind == "user_id" else Handle(None, batch.message_id(row.no))
            found[row.key] = (row.no, handle, row.values["ordered_at"])
    return found


def _reach(new: Mapping[str, int], batch: Batch) -> dict[int, dict[str, Any]]:
    kind = batch.file.match_key
    told = {customer_id: ({} if kind == "user_id" else {kind: key}) for key, customer_id in new.items()}
    return people.reach(told, batch) if told else {}


def _entry(
    one: Told, new: Mapping[str, int], strangers: Mapping[str, Stranger], reached: Mapping[int, dict[str, Any]],
    made: Mapping[int, str], before: Mapping[Key, Snapshot], after: Mapping[Key, Snapshot], batch: Batch,
) -> tuple[int | None, dict[str, Any]]:  # fmt: skip
    """What undoing needs: the order before and after, the events, and the customer where the row made one."""
    row = one.rows[0]
    customer_id = one.customer_id or new[row.key]
    key = (customer_id, *one.order)
    entry: dict[str, Any] = {
        "source": one.order[0],
        "number": one.order[1],
        "order": before.get(key),
        "after": after[key],
        "events": [message_id for _event, message_id, _at, _properties in one.said],
        "at": batch.now.isoformat(),
    }
    if one.customer_id is None and strangers[row.key][0] == row.no:
        entry |= {"new": True, **reached[customer_id]}
    if customer_id in made:
        entry["handle"] = made[customer_id]
    return customer_id, entry


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
    problem = _contradiction(rows) or _not_ours(first, owners)
    if problem is None and first.values["ordered_at"] > batch.now:
        problem = refused("in_future", "ordered_at")
    if problem is None:
        told = Told(rows, [], first.customer_id or owners.get(order_of(first)))
        told.said = list(_said(told, batch))
        return told, verdicts
    for row in rows:
        verdicts[row.no] = problem if row is first else refused(problem.code, problem.field, **problem.detail)
    return None, verdicts


def _contradiction(rows: list[Row]) -> Verdict | None:
    """Rows of one order that name different customers, dates or sums."""
    first = rows[0]
    for row in rows[1:]:
        if row.key != first.key:
            return refused("rows_disagree", "customer", row=row.no)
        for name in HEADER_FIELDS:
            if name in row.values and row.values[name] != first.values.get(name, row.values[name]):
                return refused("rows_disagree", name, row=row.no)
    return None


def _not_ours(first: Row, owners: Mapping[tuple[str, str], int]) -> Verdict | None:
    owner = owners.get(order_of(first))
    if owner is not None and owner != first.customer_id:
        return refused("order_of_another", "number", customer=owner)
    return None


def _said(told: Told, batch: Batch) -> Iterator[tuple[OrderEvent, str, datetime, dict[str, Any]]]:
    """The events that the rows of an order amount to."""
    first, values = told.rows[0], told.rows[0].values
    at = values["ordered_at"]
    source, number = told.order
    named: dict[str, Any] = {"order_id": number, SOURCE_PROPERTY: source}
    if "currency" in values:
        named["currency"] = values["currency"]
    properties: dict[str, Any] = dict(named)
    properties |= {
        name: values[name] for name in ("total", "tax", "shipping", "discount", "coupon") if name in values
    }
    properties["payment_status"] = "pending" if values.get("status") == "open" else "paid"
    if products := [line for row in told.rows if (line := _line(row))]:
        properties["products"] = products
    yield OrderEvent.COMPLETED, batch.message_id(first.no), at, properties
    refunds: set[str] = set()
    for row in told.rows:
        if "refund_amount" not in row.values or Decimal(row.values["refund_amount"]) == 0:
            continue
        refund_id = row.values.get("refund_id") or f"{number}-refund"[:LONGEST_NUMBER]
        if refund_id in refunds:
            continue
        refunds.add(refund_id)
        refund = {**named, "refund_id": refund_id, "amount": row.values["refund_amount"]}
        yield (
            OrderEvent.REFUNDED,
            batch.message_id(row.no, ":refund"),
            row.values.get("refunded_at", at),
            refund,
        )
    if values.get("status") == "cancelled" or "cancelled_at" in values:
        yield (
            OrderEvent.CANCELLED,
            batch.message_id(first.no, ":cancel"),
            values.get("cancelled_at", at),
            named,
        )


def _line(row: Row) -> dict[str, Any]:
    line = {name: row.values[name] for name in LINE_FIELDS if name in row.values}
    if "product_name" in line:
        line["name"] = line.pop("product_name")
    return line if {"product_id", "sku", "name"} & line.keys() else {}


def _erased(one: Told, gone: Mapping[tuple[str, str], str]) -> Verdict | None:
    """Who asked to be erased is not made again by a file."""
    kind_and_key = [key for key in gone if key[1] == one.rows[0].key and one.customer_id is None]
    return refused("erased", kind_and_key[0][0]) if kind_and_key else None


def _hear(one: Told, known: Mapping[Key, OrderRow], rates: Rates, batch: Batch) -> Verdict:
    """Let the order's rules hear what the rows say; what comes of it, on a copy."""
    key = one.key
    plan = OrderPlan(oldest_trigger=batch.now, is_history=True, rates=rates)
    before = known.get(key)
    if before:
        plan.orders = {key: copy.deepcopy(before)}
    currency = shop.currency.get()
    for event, message_id, at, properties in one.said:
        try:
            telling = read(
                event, properties, message_id=message_id, at=at, confirmed=True, shop_currency=currency
            )
        except Unusable as problem:
            return refused(problem.code, problem.field)
        if code := plan.hear(key[0], telling):
            return refused(code, "refund_amount" if event is OrderEvent.REFUNDED else "number")
    if before is None:
        return Verdict(Fate.NEW, detail={"lines": len(plan.orders[key].state.lines)})
    changes = _changes(before, plan.orders[key], one)
    return Verdict(Fate.CHANGES, detail={"changes": changes}) if changes else Verdict(Fate.UNCHANGED)


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
