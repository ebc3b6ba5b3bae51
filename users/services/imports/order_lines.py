"""Lines of new orders on their way into the tables, and what follows from the orders.

The customers are held, and nobody has told of these orders before. The lines are those of ``order_ready``: each gets in
front of it whose it is. What follows, days, stages, figures, is said by the same statements as everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from config.kit.batches import as_line, copy_lines, copy_rows, execute, temporary_table
from users import facts
from users.orders import OrderEvent
from users.services import activity, orders, owned, products
from users.services.events import type_id
from users.services.imports import order_writing
from users.services.imports.kinds import Batch
from users.services.imports.order_writing import Stranger
from users.services.order_columns import LINE_COLUMNS, ORDER_COLUMNS
from users.services.orders import Key, asked_for, columns_of
from users.services.sql import statement

OF_ORDER = ("customer_id", "source", "number")
EVENT = (
    "customer_id", "type_id", "received_at", "confirmed", "message_id", "occurred_at", "properties", "value",
)  # fmt: skip
PIECE = (
    "customer_id", "order_source", "order_number", "key", "serial", "source", "product_id", "category", "since",
    "quantity",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fresh:
    """An order as it was kept: its first row, its key in the file, whose it is if somebody is known, its lines."""

    no: int
    mark: str
    key: str
    customer_id: int | None
    order: tuple[str, str]
    lines: str


@dataclass(slots=True)
class _Tables:
    """Lines by table. ``said``: events that count as activity; ``goods``: products as they were told, the last telling
    last; ``sold``: in which orders; ``by_rules``: orders of which the database says what pieces they brought."""

    now: datetime
    orders: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    pieces: list[tuple[Key, str]] = field(default_factory=list)
    goods: dict[str, None] = field(default_factory=dict)
    sold: list[tuple[str, Key]] = field(default_factory=list)
    by_rules: set[Key] = field(default_factory=set)

    def add(self, key: Key, kept: str) -> None:
        """Put the lines of an order where they belong."""
        of_order, customer_id = as_line(key), key[0]
        told, paid = type_id(OrderEvent.COMPLETED.value), type_id(facts.ORDER_PAID)
        for line in kept.split("\n"):
            letter, text = line[0], line[1:]
            if letter == "O":
                self.orders.append(f"{of_order}\t{self.now}\t{text}")
            elif letter == "L":
                self.lines.append(f"{of_order}\t{text}")
            elif letter == "E":
                message_id, at, _rest = text.split("\t", 2)
                self.said.append(f"{customer_id}\t{message_id}\t{told}\t{at}")
                self.events.append(f"{customer_id}\t{told}\t{self.now}\tt\t{text}")
            elif letter == "P":
                self.events.append(f"{customer_id}\t{paid}\t{self.now}\tt\t{text}\t\\N")
            else:
                self._add_goods(key, of_order, letter, text)

    def _add_goods(self, key: Key, of_order: str, letter: str, text: str) -> None:
        if letter == "W":
            product, name = text.partition("\t")[0], of_order.split("\t", 1)[1].replace("\t", ":")
            self.pieces.append((key, f"{of_order}\torder:{name}:{product}\t\torder\t{text}"))
        elif letter == "G":
            self.goods.pop(text, None)
            self.goods[text] = None
            self.sold.append((orjson.loads(text)[0], key))
        elif letter == "X":
            self.by_rules.add(key)


def write(fresh: Sequence[Fresh], batch: Batch) -> None:
    """Put the orders on record, and beside their rows what undoing needs."""
    strangers = _strangers(fresh, batch)
    new = order_writing.make(strangers, batch)
    whose = sorted(((one.customer_id or new[one.key], *one.order), one.no, one.lines) for one in fresh)
    keys = [key for key, _no, _lines in whose]
    order_writing.claim(keys)
    tables = _Tables(batch.now)
    for key, _no, lines in whose:
        tables.add(key, lines)
    _put_events(tables)
    _put_orders(tables)
    orders.recount({key[0] for key in keys}, is_history=True)
    products.note_told(orjson.loads(text) for text in tables.goods)
    made = {no: {"new": True, **entry} for no, entry in order_writing.reach(strangers, new, batch).items()}
    _note_written([(no, key, made.get(no, {})) for key, no, _lines in whose], batch)


def _strangers(fresh: Sequence[Fresh], batch: Batch) -> dict[str, Stranger]:
    """Customers that nobody knows yet, by their key in the file: the first row of each makes him."""
    found: dict[str, Stranger] = {}
    for one in sorted(fresh, key=lambda one: one.no):
        if one.customer_id is None and one.key not in found:
            at = datetime.fromisoformat(one.lines.partition("\n")[0][1:])
            found[one.key] = order_writing.stranger(one.no, one.key, at, batch)
    return found


def _put_events(tables: _Tables) -> None:
    """The events, with days, stages and topics as they follow."""
    copy_lines("users_event", EVENT, tables.events)
    activity.begin()
    copy_lines("fresh_event", ("customer_id", "message_id", "type_id", "occurred_at"), tables.said)
    execute(statement("first_seen_of_fresh"))
    activity.follow(tables.now, quiet=True)


def _put_orders(tables: _Tables) -> None:
    """The orders, their lines and the pieces they brought.

    A category that somebody set, or a warranty, is put on the lines and pieces of those products afterwards.
    """
    copy_lines("users_order", (*OF_ORDER, "changed_at", *ORDER_COLUMNS), tables.orders)
    copy_lines("users_orderline", (*OF_ORDER, *LINE_COLUMNS), tables.lines)
    special = products.set_by_hand({product for product, _key in tables.sold})
    by_rules = tables.by_rules | {key for product, key in tables.sold if product in special}
    copy_lines("users_ownedproduct", PIECE, (line for key, line in tables.pieces if key not in by_rules))
    if by_rules:
        products.put_lines_right(columns_of(by_rules))
        owned.follow_orders(by_rules)


def _note_written(rows: Sequence[tuple[int, Key, dict[str, Any]]], batch: Batch) -> None:
    """Keep beside the rows whose their orders became, and what undoing needs."""
    temporary_table("ready_row", "no integer, customer_id bigint, source text, number text, made jsonb")
    copy_rows(
        "ready_row",
        ("no", *OF_ORDER, "made"),
        ((no, *key, orjson.dumps(made, default=str).decode()) for no, key, made in rows),
    )
    execute(
        statement("note_ready_rows").replace("-- marks", statement("order_marks")),
        {
            "file": batch.file.pk,
            "event": batch.message_id(0).removesuffix("0"),
            "at": batch.now.isoformat(),
            **asked_for(key for _no, key, _made in rows),
        },
    )
