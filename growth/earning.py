"""What an order earns: pure calculation, no tables."""

from decimal import ROUND_FLOOR, Decimal

from config.kit.currencies import minor_digits


def points_for(net: int, *, points_per_unit: Decimal, currency: str) -> int:
    """Points for ``net`` minor units of ``currency``: so many per whole major unit, rounded down.

    Nothing for a net of zero or less.
    """
    whole_units = max(net, 0) // 10 ** minor_digits(currency)
    return int((whole_units * points_per_unit).to_integral_value(rounding=ROUND_FLOOR))


def kept_after_refund(points: int, *, net: int, net_after: int) -> int:
    """How many of the points given for ``net`` an order keeps when ``net_after`` is left (rounded down)."""
    if net <= 0:
        return 0
    return points * min(max(net_after, 0), net) // net


def check_in_points_for(streak: int, *, daily: int, bonus: int, bonus_every: int) -> int:
    """Points of the check-in that makes ``streak`` days in a row (1 = the first day)."""
    return daily + (bonus if bonus_every and streak % bonus_every == 0 else 0)
