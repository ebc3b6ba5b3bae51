"""On which day a festival falls: by the solar calendar, by the Chinese lunar one, or by a weekday of a month.

The lunar years are a compact table, 1990 to 2100. ``tests/segments/test_festivals.py`` derives every year of it again
from new moons and solar terms at 120° E.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

FIRST_YEAR, LAST_YEAR = 1990, 2100

# One lunar year each: days from 1 January to its first day (bits 17 up), its leap month or 0 (bits 13 to
# 16), and for each month in turn whether it has 30 days (bits 0 to 12).
_YEARS = (
    0x34be92, 0x5a0e92, 0x440d26, 0x2c6a56, 0x500a57, 0x3d14d6, 0x62035a, 0x4a06d5, 0x36b6c9, 0x5c0749,
    0x460693, 0x2e952b, 0x54052b, 0x3e0a5b, 0x2a555a, 0x4e056a, 0x38fb55, 0x600ba4, 0x4a0b49, 0x32ba93,
    0x580a95, 0x42052d, 0x2c8aad, 0x500ab5, 0x3d35aa, 0x6205d2, 0x4c0da5, 0x36dd4a, 0x5c0d4a, 0x460c95,
    0x30952e, 0x540556, 0x3e0ab5, 0x2a55b2, 0x5006d2, 0x38cea5, 0x5e0725, 0x48064b, 0x32ac97, 0x560cab,
    0x42055a, 0x2c6ad6, 0x520b69, 0x3d7752, 0x620b52, 0x4c0b25, 0x36da4b, 0x5a0a4b, 0x4404ab, 0x2ea55b,
    0x5405ad, 0x3e0b6a, 0x2a5b52, 0x500d92, 0x3afd25, 0x5e0d25, 0x480a55, 0x32b4ad, 0x5804b6, 0x4005b5,
    0x2c6daa, 0x520ec9, 0x3f1e92, 0x620e92, 0x4c0d26, 0x36ca56, 0x5a0a57, 0x440556, 0x2e86d5, 0x540755,
    0x400749, 0x286e93, 0x4e0693, 0x38f52b, 0x5e052b, 0x460a5b, 0x32b55a, 0x58056a, 0x420b65, 0x2c974a,
    0x520b4a, 0x3d1a95, 0x620a95, 0x4a052d, 0x34caad, 0x5a0ab5, 0x4605aa, 0x2e8ba5, 0x540da5, 0x400d4a,
    0x2a7c95, 0x4e0c96, 0x38f94e, 0x5e0556, 0x480ab5, 0x32b5b2, 0x5806d2, 0x420ea5, 0x2e8e4a, 0x50068b,
    0x3b0c97, 0x6004ab, 0x4a055b, 0x34cad6, 0x5a0b6a, 0x460752, 0x309725, 0x540b45, 0x3e0a8b, 0x28549b,
    0x4e04ab,
)  # fmt: skip
# The day of April on which the sun reaches 15°.
_QINGMING = (
    "554555455545554555445544554455445544554455445544554445444544"
    "454445444544454445444444444444444444444444444444445"
)


def lunar(year: int, month: int, day: int) -> date:
    """The day of a lunar year's month; a leap month repeats the one before it and is never meant."""
    packed = _YEARS[year - FIRST_YEAR]
    leap = packed >> 13 & 15
    before = month - 1 + (1 if leap and month > leap else 0)
    days = sum(30 if packed >> n & 1 else 29 for n in range(before))
    return date(year, 1, 1) + timedelta(days=(packed >> 17) + days + day - 1)


def _solar(month: int, day: int) -> Callable[[int], date]:
    return lambda year: date(year, month, day)


def _lunar(month: int, day: int) -> Callable[[int], date]:
    return lambda year: lunar(year, month, day)


def _weekday(month: int, weekday: int, which: int) -> Callable[[int], date]:
    """The so-manieth weekday (Monday is 0) of a month."""

    def on(year: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (which - 1))

    return on


def _new_years_eve(year: int) -> date:
    """The last day of the lunar year before, which ends in this calendar year."""
    return lunar(year, 1, 1) - timedelta(days=1)


@dataclass(frozen=True)
class Festival:
    """``on`` gives the day it is kept that belongs to a calendar or lunar year."""

    label: StrOrPromise
    on: Callable[[int], date]


FESTIVALS: dict[str, Festival] = {
    "new_year": Festival(_("New Year's Day"), _solar(1, 1)),
    "laba": Festival(_("Laba Festival"), _lunar(12, 8)),
    "new_years_eve": Festival(_("Lunar New Year's Eve"), _new_years_eve),
    "spring_festival": Festival(_("Spring Festival"), _lunar(1, 1)),
    "lantern": Festival(_("Lantern Festival"), _lunar(1, 15)),
    "valentine": Festival(_("Valentine's Day"), _solar(2, 14)),
    "women": Festival(_("Women's Day"), _solar(3, 8)),
    "qingming": Festival(
        _("Qingming Festival"), lambda year: date(year, 4, int(_QINGMING[year - FIRST_YEAR]))
    ),
    "labour": Festival(_("Labour Day"), _solar(5, 1)),
    "mothers": Festival(_("Mother's Day"), _weekday(5, 6, 2)),
    "520": Festival(_("20 May (520)"), _solar(5, 20)),
    "children": Festival(_("Children's Day"), _solar(6, 1)),
    "dragon_boat": Festival(_("Dragon Boat Festival"), _lunar(5, 5)),
    "fathers": Festival(_("Father's Day"), _weekday(6, 6, 3)),
    "618": Festival(_("18 June (618)"), _solar(6, 18)),
    "qixi": Festival(_("Qixi Festival"), _lunar(7, 7)),
    "mid_autumn": Festival(_("Mid-Autumn Festival"), _lunar(8, 15)),
    "teachers": Festival(_("Teachers' Day"), _solar(9, 10)),
    "national": Festival(_("National Day"), _solar(10, 1)),
    "double_ninth": Festival(_("Double Ninth Festival"), _lunar(9, 9)),
    "singles": Festival(_("Singles' Day (11 November)"), _solar(11, 11)),
    "thanksgiving": Festival(_("Thanksgiving"), _weekday(11, 3, 4)),
    "double_twelve": Festival(_("12 December"), _solar(12, 12)),
    "christmas": Festival(_("Christmas"), _solar(12, 25)),
}


def is_kept_on(name: str, day: date) -> bool:
    """Whether the festival is kept on that day. A lunar December may lie in the following January."""
    return any(
        FESTIVALS[name].on(year) == day
        for year in (day.year - 1, day.year)
        if FIRST_YEAR <= year <= LAST_YEAR
    )


def next_on(name: str, day: date) -> date | None:
    """The first day from ``day`` on on which it is kept; None beyond the table."""
    years = range(max(day.year - 1, FIRST_YEAR), min(day.year + 1, LAST_YEAR) + 1)
    return min((kept for year in years if (kept := FESTIVALS[name].on(year)) >= day), default=None)
