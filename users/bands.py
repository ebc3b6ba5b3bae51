"""The bands of the average order: where each begins, by the shop's setting, and how it reads."""

import itertools

from django.utils.translation import gettext as _

from config.kit import words
from config.kit.currencies import minor_digits
from users import shop
from users.rfm import read_edges


def minor_per_major(currency: str = "") -> int:
    """How many minor units of the shop's currency make a major one."""
    digits: int = minor_digits(currency or shop.currency.get())
    return int(10**digits)


def aov_edges(currency: str = "") -> list[float]:
    """Where the bands above the first begin, in minor units."""
    unit = minor_per_major(currency)
    return [edge * unit for edge in read_edges(shop.aov_bands.get(), None)]


def aov_band_labels(currency: str = "") -> dict[str, str]:
    """Bands by their number ("1" is the lowest), in the reader's language."""
    currency = currency or shop.currency.get()
    edges = [words.money(edge, currency) for edge in aov_edges(currency)]
    middle = [
        _("%(low)s to under %(high)s") % {"low": low, "high": high} for low, high in itertools.pairwise(edges)
    ]
    labels = [
        _("under %(high)s") % {"high": edges[0]},
        *middle,
        _("%(low)s and more") % {"low": edges[-1]},
    ]
    return {str(number): label for number, label in enumerate(labels, start=1)}
