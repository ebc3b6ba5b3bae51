"""What channels cost per day: entering, correcting and taking back, each with what was before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from config.kit import clock
from config.kit.batches import copy_rows, execute, fetch, temporary_table
from config.kit.refusal import Refusal
from users.models import AcquisitionChannel, Operator, SourceCode
from users.services import audit
from users.services.sql import statement

LARGEST = 10**13
"""Minor units; more on one day is a slip of the keyboard."""
OLDEST = date(2000, 1, 1)
LISTED = 200
"""Entries that an audit row names one by one; a file's thousands are named by their sums."""


@dataclass(frozen=True, slots=True)
class CostRow:
    """A day's cost of a channel (its short name), or of one of its source codes.

    ``amount`` is in minor units of the shop's currency; 0 or None takes the entry away.
    """

    day: date
    channel: str
    amount: int | None
    source_code: str = ""

    @property
    def key(self) -> tuple[date, str, str]:
        """What there is one entry of."""
        return (self.day, self.channel, self.source_code.lower())


@dataclass(frozen=True, slots=True)
class CostChange:
    """An entry that became another: the row as entered, and the amount before (None: there was none)."""

    row: CostRow
    before: int | None

    @property
    def undone(self) -> CostRow:
        """The row that puts back what was before."""
        return CostRow(self.row.day, self.row.channel, self.before, self.row.source_code)


class Checker:
    """Says of each row why it cannot be entered; reads channels and codes once."""

    def __init__(self, today: date) -> None:
        self._last = today + timedelta(days=366)
        self._channels = dict(AcquisitionChannel.objects.values_list("slug", "pk"))
        self._codes: Mapping[str, int] = dict(SourceCode.objects.values_list("code", "channel_id"))

    def refusal(self, row: CostRow) -> Refusal | None:
        """Why not; None for a row that can be entered."""
        if not OLDEST <= row.day <= self._last:
            return Refusal("bad_day", _("This day is too far away."), field="day")
        if row.channel not in self._channels:
            return Refusal("unknown_channel", _("There is no such channel."), field="channel")
        if row.amount is not None and not 0 <= row.amount <= LARGEST:
            return Refusal("bad_amount", _("Give an amount that is not negative."), field="amount")
        code = row.source_code.lower()
        if code and code not in self._codes:
            return Refusal("unknown_source", _("There is no such source code."), field="source_code")
        if code and self._codes[code] != self._channels[row.channel]:
            return Refusal(
                "other_channel", _("This source code belongs to another channel."), field="source_code"
            )
        return None


@transaction.atomic
def set_costs(
    rows: Iterable[CostRow], *, by: Operator | None, is_invented: bool = False, actor: str = ""
) -> list[CostChange]:
    """Enter costs; what is there for the same day, channel and code is replaced. The entries that changed.

    All or nothing: raises the Refusal of the first row that cannot be entered, and for a key given twice.
    """
    wanted = list(rows)
    now = clock.now()
    _check(wanted, Checker(now.date()))
    temporary_table("wanted_cost", "day date, channel text, code text, amount bigint")
    copy_rows(
        "wanted_cost",
        ("day", "channel", "code", "amount"),
        ((row.day, row.channel, row.source_code.lower(), row.amount or 0) for row in wanted),
    )
    execute("LOCK TABLE users_channelcost IN SHARE ROW EXCLUSIVE MODE")
    found = fetch(statement("changed_costs"))
    changes = [
        CostChange(CostRow(day, channel, amount or None, code), before)
        for day, channel, code, amount, before in found
    ]
    execute(statement("remove_costs"))
    execute(statement("enter_costs"), {"now": now, "is_invented": is_invented})
    if changes:
        audit.record("costs.set", by=by, actor=actor, before=_before(changes), after=_after(changes))
    return changes


def spread(total: int, days: Sequence[date]) -> list[int]:
    """An amount over days in parts that differ by at most one minor unit and sum to it exactly."""
    each, rest = divmod(total, len(days))
    return [each + (number < rest) for number in range(len(days))]


def _check(rows: Sequence[CostRow], checker: Checker) -> None:
    seen: set[tuple[date, str, str]] = set()
    for row in rows:
        if refusal := checker.refusal(row):
            raise refusal
        if row.key in seen:
            raise Refusal("twice", _("A day, channel and code stand here twice."), field="day")
        seen.add(row.key)


def _before(changes: Sequence[CostChange]) -> dict[str, object]:
    return _told(changes, [change.before or 0 for change in changes])


def _after(changes: Sequence[CostChange]) -> dict[str, object]:
    return _told(changes, [change.row.amount or 0 for change in changes])


def _told(changes: Sequence[CostChange], amounts: Sequence[int]) -> dict[str, object]:
    """The entries by name with their amounts; of many only the count, the days and the sum."""
    if len(changes) <= LISTED:
        names = (" · ".join(filter(None, map(str, change.row.key))) for change in changes)
        return dict(zip(names, amounts, strict=True))
    days = [change.row.day for change in changes]
    return {"entries": len(changes), "from": str(min(days)), "to": str(max(days)), "sum": sum(amounts)}
