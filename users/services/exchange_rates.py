"""Exchange rates of calendar days, read: what an order in another currency is worth in the shop's."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from config.kit import words
from config.kit.batches import fetch
from config.kit.currencies import minor_digits


@dataclass(slots=True)
class Rates:
    """The rates of some currencies, by the calendar day of the shop. The shop's own currency is worth 1."""

    shop_currency: str
    _known: dict[tuple[str, date], Decimal] = field(default_factory=dict)

    def load(self, currencies: set[str]) -> None:
        """Read the rates of these currencies; no query where there is only the shop's own."""
        if foreign := currencies - {self.shop_currency}:
            for currency, day, rate in fetch(
                "SELECT currency, day, rate FROM users_exchangerate WHERE currency = ANY(%s)", [list(foreign)]
            ):
                self._known[currency, day] = minor_rate(rate, currency, self.shop_currency)

    def of(self, currency: str, at: datetime) -> Decimal | None:
        """Minor units of the shop's currency for one minor unit of ``currency`` on the day of ``at``."""
        return Decimal(1) if currency == self.shop_currency else self._known.get((currency, day_of(at)))


def day_of(at: datetime) -> date:
    """The shop's calendar day of an instant."""
    return at.astimezone(words.shop_zone()).date()


def minor_rate(rate: Decimal, currency: str, shop_currency: str) -> Decimal:
    """From major units to minor ones: 1 JPY = 0.0065 USD is 0.65 cents for one yen, which has no minor unit."""
    shift = minor_digits(shop_currency) - minor_digits(currency)
    return rate.scaleb(shift).quantize(Decimal("1e-12")).normalize()
