"""What people write into the cells of tables, read: dates, amounts, yes and no, texts. Pure.

A cell that cannot be what its column says raises ``Unreadable`` with a code; nothing is guessed where a wrong
guess would write a wrong day or a wrong sum.
"""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

DayOrder = Literal["", "dmy", "mdy"]

KEPT = 1_000
"""Of the last cells read: days and prices come again and again in a file."""
YES = frozenset(
    {"yes", "y", "true", "1", "on", "x", "granted", "opt-in", "是", "同意", "已同意", "订阅", "对", "有"}
)
NO = frozenset({"no", "n", "false", "0", "off", "refused", "opt-out", "否", "不同意", "拒绝", "退订", "无"})
_ISO = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(.+))?")
_SHORT = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[ T]+(.+))?")
_EXCEL_DAY = re.compile(r"[2-6]\d{4}(?:\.\d+)?")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?")
_SIGNS = re.compile(r"[\s¥￥$€£元'’]|[A-Z]{3}")
_LISTED = re.compile(r"[;；|、]|,(?!\d)|，")


class Unreadable(ValueError):
    """A cell that is not what its column says; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def text(cell: str, longest: int) -> str:
    """Text without blanks around it."""
    plain = cell.strip()
    if len(plain) > longest:
        raise Unreadable("too_long")
    return plain


def yes_or_no(cell: str) -> bool:
    """Yes or no, in English and Chinese."""
    word = cell.strip().lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise Unreadable("not_yes_or_no")


def listed(cell: str) -> list[str]:
    """The parts of a cell that holds several texts, in order, each once."""
    parts = (" ".join(part.split()) for part in _LISTED.split(cell))
    return list(dict.fromkeys(part for part in parts if part))


@lru_cache(KEPT)
def amount(cell: str) -> str:
    """An amount as a plain decimal text: currency signs and thousands' separators are left out."""
    plain = _SIGNS.sub("", cell.strip())
    if "," in plain and "." in plain:
        decimal = "," if plain.rfind(",") > plain.rfind(".") else "."
        plain = plain.replace("." if decimal == "," else ",", "").replace(decimal, ".")
    elif re.fullmatch(r"-?\d+,\d{1,2}", plain):
        plain = plain.replace(",", ".")
    elif re.fullmatch(r"-?\d{1,3}(,\d{3})+", plain):
        plain = plain.replace(",", "")
    if not re.fullmatch(r"-?\d{1,16}(\.\d{1,12})?", plain):
        raise Unreadable("not_an_amount")
    return plain


def whole_number(cell: str) -> int:
    """A whole number; "2.0" is two."""
    try:
        number = Decimal(cell.strip())
        if number != int(number):
            raise Unreadable("not_a_number")
        return int(number)
    except (InvalidOperation, OverflowError, ValueError):
        raise Unreadable("not_a_number") from None


@lru_cache(KEPT)
def day(cell: str, order: DayOrder) -> date:
    """A calendar day. 03/04/2026 needs to be told its order."""
    return _parts(cell, order)[0]


@lru_cache(KEPT)
def instant(cell: str, order: DayOrder, zone: ZoneInfo) -> datetime:
    """An instant; without a zone of its own it is of ``zone``, without a time the day's beginning."""
    plain = cell.strip()
    if re.match(r"\d{4}-\d{2}-\d{2}[T ]", plain):
        try:
            at = datetime.fromisoformat(plain)
        except ValueError:
            pass
        else:
            return at if at.tzinfo else at.replace(tzinfo=zone)
    at_day, time = _parts(plain, order)
    try:
        return datetime(at_day.year, at_day.month, at_day.day, *time, tzinfo=zone)
    except ValueError:
        raise Unreadable("not_a_time") from None


def day_order(cells: list[str]) -> tuple[DayOrder, bool]:
    """The order that the cells of a column give away, and whether some could be read either way."""
    found: DayOrder = ""
    either = False
    for cell in cells:
        match = _SHORT.fullmatch(cell.strip())
        if match:
            first, second = int(match[1]), int(match[2])
            if first > 12:
                found = "dmy"
            elif second > 12:
                found = "mdy"
            elif first != second:
                either = True
    return found, either


def _parts(cell: str, order: DayOrder) -> tuple[date, tuple[int, int, int]]:
    plain = cell.strip()
    if match := _ISO.fullmatch(plain):
        year, month, of_month = (int(part) for part in match.groups()[:3])
    elif match := _SHORT.fullmatch(plain):
        first, second, year = (int(part) for part in match.groups()[:3])
        month, of_month = _sorted_out(first, second, order)
    else:
        raise Unreadable("excel_day" if _EXCEL_DAY.fullmatch(plain) else "not_a_date")
    try:
        return date(year, month, of_month), _time(match[4])
    except ValueError:
        raise Unreadable("not_a_date") from None


def _sorted_out(first: int, second: int, order: DayOrder) -> tuple[int, int]:
    """Month and day of the two short numbers."""
    if first > 12 or (order == "dmy" and second <= 12):
        return second, first
    if second > 12 or order == "mdy" or first == second:
        return first, second
    raise Unreadable("ambiguous_date")


def _time(text: str | None) -> tuple[int, int, int]:
    if not text:
        return 0, 0, 0
    match = _TIME.fullmatch(text.strip())
    if not match:
        raise Unreadable("not_a_time")
    return int(match[1]), int(match[2]), int(match[3] or 0)
