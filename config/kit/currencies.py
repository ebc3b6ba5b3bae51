"""How many minor units a currency has: ISO 4217's count, by which shops, providers and our ledgers state amounts.

Babel follows CLDR, which tells how a people writes prices: no paras, no laari, though a bank transfers them.
"""

from functools import cache

from babel.numbers import get_currency_precision

# Where the two differ (ISO 4217 list one and three).
_BY_ISO = {
    "IQD": 3,
    **dict.fromkeys(
        ("AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SLL", "SOS", "SYP", "YER", "ZMK"), 2
    ),
}


@cache
def minor_digits(currency: str) -> int:
    """Digits after the point of an amount in major units: 2 for CNY, 0 for JPY, 3 for KWD."""
    told = _BY_ISO.get(currency)
    return get_currency_precision(currency) if told is None else told
