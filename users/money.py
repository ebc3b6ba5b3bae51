"""Money as the outside writes it (decimal major units) and as we keep it (integer minor units)."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any

from babel.numbers import list_currencies

from config.kit.currencies import minor_digits

# Larger amounts are a mistake somewhere, and must not overflow a sum.
LARGEST = 10**15
_TELL_MONEY = (str, int, float, Decimal)
_PLAIN = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,12})?")


class NotMoney(ValueError):
    """A value that is no amount of money: not a plain number, negative, or absurdly large."""


@cache
def is_currency(code: str) -> bool:
    """Whether ``code`` is an ISO 4217 code that is or was in use."""
    return code in list_currencies()


def major_text(minor: int, currency: str) -> str:
    """An amount in minor units as a plain decimal text in major units: "19.90"."""
    digits = minor_digits(currency)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def minor_units(value: Any, currency: str) -> int:
    """An amount in major units (a number, or a text such as "19.90") in minor units, halves rounded up.

    Raises NotMoney. Currencies without minor units (JPY) count in whole units, KWD in thousandths.
    """
    if isinstance(value, bool) or not isinstance(value, _TELL_MONEY):
        raise NotMoney(f"{type(value).__name__} is no amount")
    text = str(value).strip()
    if not _PLAIN.fullmatch(text) and isinstance(value, str):
        raise NotMoney("not a plain decimal number")
    return _minor_units(text, currency)


@lru_cache(2_000)
def _minor_units(text: str, currency: str) -> int:
    """Prices come again and again."""
    try:
        amount = Decimal(text).scaleb(minor_digits(currency))
    except InvalidOperation:
        raise NotMoney("not a number") from None
    if not amount.is_finite() or not 0 <= amount <= LARGEST:
        raise NotMoney("negative or too large")
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
