"""Importing what channels cost per day."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.kit.batches import fetch
from users import cells, shop
from users.cells import Unreadable
from users.models import Fate
from users.money import NotMoney, major_text, minor_units
from users.services.costs import Checker, CostRow, set_costs
from users.services.imports.kinds import (
    Batch,
    Field,
    ImportKind,
    Options,
    Row,
    Verdict,
    Verdicts,
    Written,
    duplicate_of,
    refused,
    register,
)


def _amount(cell: str, options: Options) -> str:
    plain = cells.amount(cell)
    if plain.startswith("-"):
        raise Unreadable("negative_amount")
    return plain


def _text(longest: int) -> Any:
    return lambda cell, options: cells.text(cell, longest)


def _day(cell: str, options: Options) -> date:
    return cells.day(cell, options.get("day_order", ""))


FIELDS = (
    Field("day", _("Day"), _day, is_required=True, is_date=True),
    Field("channel", _("Acquisition channel"), _text(50), is_required=True),
    Field("source_code", _("Source code"), _text(100)),
    Field("amount", _("Amount"), _amount, is_required=True),
)
CODES = {"bad_day": "day_too_far", "unknown_channel": "no_such_channel", "unknown_source": "no_such_source"}
CostKey = tuple[date, str, str]


@dataclass(slots=True)
class Entries:
    """The costs that will be entered, with the amounts before."""

    chosen: list[tuple[Row, CostRow]] = field(default_factory=list)
    before: dict[CostKey, int] = field(default_factory=dict)


class Costs(ImportKind):
    """Costs per day and channel."""

    name = "costs"
    title = _("Costs")
    about = _("What each channel cost per day. A day that has a cost already gets the new one.")
    fields = FIELDS
    needs_customer = False
    extra_options = ("channel",)

    def mark(self, row: Row) -> str:
        """One entry."""
        values = row.values
        return f"{values['day']}|{values['channel']}|{values.get('source_code', '').lower()}"

    def judge(self, groups: Sequence[list[Row]], batch: Batch) -> tuple[Verdicts, Entries]:
        """Against the entries there are; of one day, channel and code the first row holds."""
        checker, currency = Checker(batch.now.date()), shop.currency.get()
        plan = Entries(before=_on_record([group[0] for group in groups]))
        verdicts: Verdicts = {}
        for first, *others in groups:
            verdict, cost = _judge(first, checker, currency, plan.before)
            verdicts[first.no] = verdict
            verdicts |= {row.no: duplicate_of(first.no) for row in others}
            if cost is not None and verdict.fate in (Fate.NEW, Fate.CHANGES):
                plan.chosen.append((first, cost))
        return verdicts, plan

    def write(
        self, plan: Entries, verdicts: Verdicts, batch: Batch
    ) -> dict[int, tuple[int | None, dict[str, Any]]]:
        """Enter them."""
        set_costs([cost for _row, cost in plan.chosen], by=batch.file.by)
        return {row.no: (None, _entry(cost, plan.before)) for row, cost in plan.chosen}

    def take_back(self, rows: Sequence[Written], batch: Batch) -> dict[int, str]:
        """Put back the amounts that are still those of the file."""
        told = {row.no: _cost(row.before["key"], row.before["before"]) for row in rows}
        now = _known([cost.key for cost in told.values()])
        left = {
            row.no: "touched" for row in rows if now.get(told[row.no].key, 0) != (row.before["after"] or 0)
        }
        set_costs([cost for no, cost in told.items() if no not in left], by=batch.file.by)
        return left


def _entry(cost: CostRow, before: dict[CostKey, int]) -> dict[str, Any]:
    key = [cost.day.isoformat(), cost.channel, cost.source_code]
    return {"key": key, "before": before.get(cost.key), "after": cost.amount}


def _cost(key: Sequence[str], amount: int | None) -> CostRow:
    return CostRow(date.fromisoformat(key[0]), key[1], amount, key[2])


def _judge(
    row: Row, checker: Checker, currency: str, before: dict[CostKey, int]
) -> tuple[Verdict, CostRow | None]:
    values = row.values
    try:
        amount = minor_units(values["amount"], currency)
    except NotMoney:
        return refused("not_an_amount", "amount"), None
    cost = CostRow(values["day"], values["channel"], amount, values.get("source_code", ""))
    if problem := checker.refusal(cost):
        return refused(
            CODES.get(problem.code, problem.code),
            problem.field or "",
            cell=str(values.get(problem.field or "", ""))[:60],
        ), None
    known = before.get(cost.key, 0)
    if known == amount:
        return Verdict(Fate.UNCHANGED), None
    if not known:
        return Verdict(Fate.NEW), cost
    changes = [["amount", major_text(known, currency), major_text(amount, currency)]]
    return Verdict(Fate.CHANGES, detail={"changes": changes}), cost


def _on_record(rows: Sequence[Row]) -> dict[CostKey, int]:
    return _known(
        [
            (row.values["day"], row.values["channel"], row.values.get("source_code", "").lower())
            for row in rows
        ]
    )


def _known(keys: Sequence[CostKey]) -> dict[CostKey, int]:
    rows = fetch(
        """
        SELECT cost.day, channel.slug, coalesce(source.code, ''), cost.amount
        FROM unnest(%s::date[], %s::text[], %s::text[]) AS asked (day, channel, code)
        JOIN users_acquisitionchannel channel ON channel.slug = asked.channel
        LEFT JOIN users_sourcecode source ON source.code = nullif(asked.code, '')
        JOIN users_channelcost cost ON cost.day = asked.day AND cost.channel_id = channel.id
             AND cost.source_id IS NOT DISTINCT FROM source.id
        """,
        [[key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys]],
    )
    return {(day, channel, code): amount for day, channel, code, amount in rows}


register(Costs())
