"""How an order's net is shared among its lines: to the cent, pure. The database does the same in ``line_shares``."""

from collections.abc import Sequence


def split(net: int, amounts: Sequence[int]) -> list[int | None]:
    """The part of each line by its amount, rounded by largest remainder so that the parts add up to the net.

    Equal remainders: the earlier line first. Where no line has an amount nothing can be shared: no part is known.
    """
    whole = sum(amounts)
    if whole <= 0:
        return [None] * len(amounts)
    parts = [net * amount // whole for amount in amounts]
    by_remainder = sorted(range(len(amounts)), key=lambda at: -(net * amounts[at] % whole))
    for at in by_remainder[: net - sum(parts)]:
        parts[at] += 1
    return list(parts)
