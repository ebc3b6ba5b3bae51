"""Numbers, money and time in the words of the reader's language. Pure; the zone is the shop's."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import (
    format_date,
    format_datetime,
    format_timedelta,
    get_timezone_gmt,
    get_timezone_location,
)
from babel.numbers import (
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
)
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from config.kit.currencies import minor_digits

Number = int | float | Decimal


def locale() -> Locale:
    """Babel's locale of the active language; English where it has none."""
    return _locale(get_language() or "en")


def shop_zone() -> ZoneInfo:
    """The zone of calendar days in reports and rules."""
    return ZoneInfo(settings.SHOP_TIME_ZONE)


def number(value: Number | None, digits: int | None = None) -> str:
    """A number with the separators of the language; ``digits``: places after the point."""
    if value is None:
        return "–"
    pattern = None if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
    return str(format_decimal(value, format=pattern, locale=locale()))


def compact(value: Number | None) -> str:
    """A large number in few characters: 12K, 1.2万."""
    if value is None:
        return "–"
    return str(format_compact_decimal(value, locale=locale(), fraction_digits=1))


def percent(share: Number | None, digits: int = 1) -> str:
    """A share (0.123) as 12.3 %; a dash where there is none."""
    if share is None:
        return "–"
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + "%"
    return str(format_percent(share, format=pattern, locale=locale()))


def money(minor: Number | None, currency: str, *, whole: bool = False) -> str:
    """An amount in minor units of an ISO currency; ``whole`` leaves the fraction out (for large figures)."""
    if minor is None:
        return "–"
    digits = minor_digits(currency)
    amount = Decimal(minor) / (10**digits)
    if whole:
        amount, digits = Decimal(round(amount)), 0
    return str(
        format_currency(amount, currency, locale=locale(), currency_digits=False, format=_with_digits(digits))
    )


def relative(at: datetime, now: datetime) -> str:
    """How long ago or ahead: "3 hours ago"."""
    distance = at - now
    if abs(distance) < timedelta(seconds=45):
        return _("just now")
    return str(format_timedelta(distance, add_direction=True, threshold=1.2, locale=locale()))


def duration(length: timedelta) -> str:
    """A length of time in its largest unit: "3 hours"."""
    return str(format_timedelta(length, threshold=1.2, locale=locale()))


def absolute(at: datetime) -> str:
    """Date and time in the shop's zone, with the zone's name."""
    here = at.astimezone(shop_zone())
    zone = get_timezone_gmt(here, locale=locale())
    return f"{format_datetime(here, 'medium', locale=locale())} {zone} ({settings.SHOP_TIME_ZONE})"


def to_the_second(at: datetime) -> str:
    """Date and time of day in the shop's zone, for what happens every other second."""
    return f"{day(at, 'short')} {at.astimezone(shop_zone()):%H:%M:%S}"


def clock_time(at: datetime) -> str:
    """Hours and minutes in the shop's zone."""
    return f"{at.astimezone(shop_zone()):%H:%M}"


def day(value: date | datetime | None, width: str = "medium") -> str:
    """A calendar day of the shop's zone."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        value = value.astimezone(shop_zone()).date()
    if width == "short":
        return str(format_date(value, "M月d日" if locale().language == "zh" else "d MMM", locale=locale()))
    return str(format_date(value, width, locale=locale()))


def month(value: date) -> str:
    """A calendar month with its year."""
    return str(format_date(value, "y年M月" if locale().language == "zh" else "MMM y", locale=locale()))


def language(code: str) -> str:
    """The name of a language in the reader's own; what is no known code stays as it is."""
    try:
        return Locale.parse(code, sep="-").get_display_name(locale()) or code if code else ""
    except (ValueError, UnknownLocaleError):
        return code


def country(code: str) -> str:
    """The name of a country in the reader's language; what is no known code stays as it is."""
    return str(locale().territories.get(code.upper(), code))


def zone(name: str) -> str:
    """A time zone by its city, with the name that machines use; what is no known zone stays as it is."""
    try:
        return aside(get_timezone_location(name, locale=locale(), return_city=True), name)
    except LookupError:
        return name


def listed(texts: Iterable[str]) -> str:
    """Texts beside each other, as the reader's language separates them."""
    return _(", ").join(texts)


def named(name: StrOrPromise, value: StrOrPromise) -> str:
    """A value behind its name."""
    return _("%(name)s: %(value)s") % {"name": name, "value": value}


def aside(text: StrOrPromise, more: StrOrPromise) -> str:
    """A text with a remark in brackets; without one, the text."""
    return _("%(text)s (%(more)s)") % {"text": text, "more": more} if more else str(text)


def _with_digits(digits: int) -> str:
    pattern = str(locale().currency_formats["standard"].pattern)
    return pattern.replace(".00", "." + "0" * digits if digits else "")


@lru_cache(maxsize=8)
def _locale(language: str) -> Locale:
    if language.startswith("zh"):
        return Locale("zh", script="Hans")
    return Locale("en")
