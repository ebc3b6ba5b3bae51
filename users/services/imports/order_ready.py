"""Orders that nobody has told of before, written as the dry run heard them.

Nearly every order of a shop's history is new, paid or open, in the shop's own currency, and has no refund: what its
rules made of it cannot change until it is written, unless somebody tells of it meanwhile. So the dry run keeps, beside
the order's first row, the lines that COPY takes for each table, without whose they are. Writing asks whether the order
or its customer is another matter by now and hears only such orders a second time.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, transaction

from config.kit.batches import as_line, fetch
from users import facts, shop
from users.models import Fate
from users.orders import Line
from users.services.erased import erased_among
from users.services.events import as_json
from users.services.imports import order_lines
from users.services.imports.kinds import Batch, Together
from users.services.imports.order_lines import Fresh
from users.services.imports.order_rows import Ledger, Told, plain
from users.services.order_columns import line_values, order_values
from users.services.orders import Key, asked_for, facts_of, order_owners

log = logging.getLogger(__name__)

FORMAT = 1
"""Of what is kept; another number where the rules of orders or what is kept of them have changed."""


def basis() -> str:
    """What hearing an order rested on, apart from its rows."""
    return f"{FORMAT} {shop.currency.get()} {settings.SHOP_TIME_ZONE}"


def ready(ledger: Ledger) -> dict[int, str]:
    """What writing takes of the orders that are fit for it, by their first rows."""
    on, currency = basis(), ledger.rates.shop_currency
    return {
        one.rows[0].no: "\n".join((f"{on}\t{one.size}", *_lines(one, currency)))
        for one in ledger.chosen
        if one.key not in ledger.known and one.order not in ledger.claimed and _is_plain(one, currency)
    }


def _is_plain(one: Told, currency: str) -> bool:
    """Whether an order is told by one event alone, in the shop's own money."""
    return one.row is not None and len(one.said) == 1 and one.row.state.currency == currency


def _lines(one: Told, currency: str) -> Iterator[str]:
    """An order line by line; the letter says of what the line is (``order_lines``)."""
    assert one.row is not None
    state, (source, number) = one.row.state, one.order
    ((_event, message_id, at, properties),) = one.said
    # Nearly every instant of an order is that of the order, and to put one in words takes long.
    when = at.isoformat()
    said = plain(properties)
    yield f"A{when}"
    yield "O" + _line(order_values(state, is_history=one.row.is_history), at, when)
    yield "E" + as_line((message_id, when, orjson.dumps(said, default=str).decode(), said["total"]))
    for fact in facts_of(0, source, number, one.row, currency):
        assert fact.name == facts.ORDER_PAID
        yield "P" + _line((fact.key, fact.occurred_at, as_json(fact.properties)), at, when)
    for values, line in zip(line_values(state), state.lines, strict=True):
        yield "L" + _line(values, at, when)
        yield "G" + orjson.dumps((line.product_id or line.sku, line.name, line.category, line.price)).decode()
    if state.counts:
        yield from _pieces(state.lines, when)


def _line(values: Iterable[Any], at: datetime, when: str) -> str:
    return as_line([when if value is at else value for value in values])


def _pieces(lines: Iterable[Line], when: str) -> Iterator[str]:
    """What the customer owns through an order; "X" where the database has to say in which category a piece is."""
    pieces: dict[str, tuple[int, str]] = {}
    for line in lines:
        if product := line.product_id or line.sku:
            so_far, category = pieces.get(product, (0, line.category))
            if category != line.category:
                yield "X"
                return
            pieces[product] = so_far + line.quantity, category
    for product, (quantity, category) in pieces.items():
        yield "W" + as_line((product, category, when, quantity))


def write(groups: Sequence[Together], batch: Batch) -> set[str]:
    """Write the orders of these groups that are still as the dry run found them; their marks."""
    on = basis()
    fits = [one for group in groups if (one := _kept(group, on))]
    lost = _told_since(fits, batch) if fits else set()
    marks = {one.mark for one in fits} - lost
    # A customer whom nobody knows is made by his first row: either all his orders are written here, or none.
    others = {row.key for group in groups if group.mark not in marks for row in group.rows}
    chosen = [one for one in fits if one.mark in marks and (one.customer_id or one.key not in others)]
    if not chosen:
        return set()
    try:
        with transaction.atomic():
            order_lines.write(chosen, batch)
    except IntegrityError as problem:
        # Something of an order was on record that should not have been: let its rules hear what is to be done.
        log.warning("ready_orders_refused", extra={"problem": type(problem).__name__})
        return set()
    return {one.mark for one in chosen}


def _kept(group: Together, on: str) -> Fresh | None:
    """What the dry run kept of an order, if it rested on what holds now and on these very rows."""
    first = group.rows[0]
    head, _end, lines = (first.ready or "").partition("\n")
    if first.fate != Fate.NEW or head != f"{on}\t{len(group.rows)}":
        return None
    source, _bar, number = group.mark.partition("|")
    return Fresh(first.no, group.mark, first.key, first.customer_id, (source, number), lines)


def _told_since(fits: Sequence[Fresh], batch: Batch) -> set[str]:
    """Marks of orders that somebody has told of, or whose customer was erased and stays away."""
    owned = order_owners(one.order for one in fits)
    known = _exist((one.customer_id, *one.order) for one in fits if one.customer_id)
    gone = erased_among((batch.file.match_key, one.key) for one in fits if one.customer_id is None)
    return {
        one.mark
        for one in fits
        if one.order in owned
        or (one.customer_id, *one.order) in known
        or (one.customer_id is None and (batch.file.match_key, one.key) in gone)
    }


def _exist(keys: Iterable[Key]) -> set[Key]:
    """Which of these orders are on record."""
    return set(
        fetch(
            "SELECT known.customer_id, known.source, known.number"
            " FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS asked (customer_id, source, number)"
            " JOIN users_order known USING (customer_id, source, number)",
            list(asked_for(keys).values()),
        )
    )
