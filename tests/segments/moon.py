"""The Chinese calendar from the sky: new moons and solar terms at 120° E, by the series in Meeus, Astronomical
Algorithms, chapters 25 and 49. Slow and obvious: what the compact table of festivals is held against.
"""

from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from math import cos, floor, radians, sin

LUNATION = 29.530588861
EAST = 8 / 24


def delta_t(year: float) -> float:
    """Dynamical minus universal time, in days (Espenak and Meeus), 1986 to 2150."""
    t = year - 2000
    if year < 2005:
        seconds = (
            63.86 + 0.3345 * t - 0.060374 * t**2 + 0.0017275 * t**3 + 0.000651814 * t**4 + 2.373599e-5 * t**5
        )
    elif year < 2050:
        seconds = 62.92 + 0.32217 * t + 0.005589 * t**2
    else:
        seconds = -20 + 32 * ((year - 1820) / 100) ** 2 - 0.5628 * (2150 - year)
    return seconds / 86_400


def new_moon(k: int) -> float:
    """Julian day (dynamical time) of the k-th new moon since that of 6 January 2000."""
    t = k / 1236.85
    jde = 2451550.09766 + LUNATION * k + 0.00015437 * t**2 - 0.00000015 * t**3
    e = 1 - 0.002516 * t - 0.0000074 * t**2
    m = radians(2.5534 + 29.1053567 * k - 0.0000014 * t**2)
    mm = radians(201.5643 + 385.81693528 * k + 0.0107582 * t**2 + 0.00001238 * t**3)
    f = radians(160.7108 + 390.67050284 * k - 0.0016118 * t**2 - 0.00000227 * t**3)
    om = radians(124.7746 - 1.56375588 * k + 0.0020672 * t**2)
    jde += (
        -0.40720 * sin(mm) + 0.17241 * e * sin(m) + 0.01608 * sin(2 * mm) + 0.01039 * sin(2 * f)
        + 0.00739 * e * sin(mm - m) - 0.00514 * e * sin(mm + m) + 0.00208 * e**2 * sin(2 * m)
        - 0.00111 * sin(mm - 2 * f) - 0.00057 * sin(mm + 2 * f) + 0.00056 * e * sin(2 * mm + m)
        - 0.00042 * sin(3 * mm) + 0.00042 * e * sin(m + 2 * f) + 0.00038 * e * sin(m - 2 * f)
        - 0.00024 * e * sin(2 * mm - m) - 0.00017 * sin(om) - 0.00007 * sin(mm + 2 * m)
        + 0.00004 * sin(2 * mm - 2 * f) + 0.00004 * sin(3 * m) + 0.00003 * sin(mm + m - 2 * f)
        + 0.00003 * sin(2 * mm + 2 * f) - 0.00003 * sin(mm + m + 2 * f) + 0.00003 * sin(mm - m + 2 * f)
        - 0.00002 * sin(mm - m - 2 * f) - 0.00002 * sin(3 * mm + m) + 0.00002 * sin(4 * mm)
    )  # fmt: skip
    planets = (
        (299.77, 0.107408, 325), (251.88, 0.016321, 165), (251.83, 26.651886, 164), (349.42, 36.412478, 126),
        (84.66, 18.206239, 110), (141.74, 53.303771, 62), (207.14, 2.453732, 60), (154.84, 7.306860, 56),
        (34.52, 27.261239, 47), (207.19, 0.121824, 42), (291.34, 1.844379, 40), (161.72, 24.198154, 37),
        (239.56, 25.513099, 35), (331.55, 3.592518, 23),
    )  # fmt: skip
    for number, (start, step, weight) in enumerate(planets):
        bend = -0.009173 * t**2 if number == 0 else 0
        jde += weight * 1e-6 * sin(radians(start + step * k + bend))
    return jde


def sun(jde: float) -> float:
    """Apparent longitude of the sun in degrees."""
    t = (jde - 2451545) / 36525
    m = radians(357.52911 + 35999.05029 * t - 0.0001537 * t**2)
    centre = (
        (1.914602 - 0.004817 * t - 0.000014 * t**2) * sin(m) + (0.019993 - 0.000101 * t) * sin(2 * m)
        + 0.000289 * sin(3 * m)
    )  # fmt: skip
    # The largest pulls of moon and planets on the earth, which the short series leaves out.
    pull = (
        0.00179 * cos(radians(445267.11 * t + 297.85 - 90)) + 0.00134 * cos(radians(22518.44 * t + 153))
        + 0.00154 * cos(radians(45036.89 * t + 217)) + 0.00200 * cos(radians(32964.36 * t + 313))
        + 0.00178 * cos(radians(20.2 * t + 252))
    )  # fmt: skip
    om = radians(125.04 - 1934.136 * t)
    true = 280.46646 + 36000.76983 * t + 0.0003032 * t**2 + centre + pull
    return (true - 0.00569 - 0.00478 * sin(om)) % 360


def day_of(jde: float) -> date:
    """The calendar day at 120° E."""
    universal = jde - delta_t(2000 + (jde - 2451545) / 365.25)
    return date.fromordinal(floor(universal + EAST + 0.5) - 1721425)


def term(year: int, degrees: int) -> date:
    """The day on which the sun reaches a longitude in a calendar year."""
    start = 2451545 + (year - 2000) * 365.25 - 1
    low = start + ((degrees - sun(start)) % 360) / 360 * 365.25 - 4
    high = low + 8
    for _step in range(50):
        middle = (low + high) / 2
        if (sun(middle) - degrees + 180) % 360 - 180 < 0:
            low = middle
        else:
            high = middle
    return day_of(high)


@cache
def months(winter: int) -> dict[tuple[int, bool], date]:
    """The first days of the months (number, leap) from the eleventh of one year to before that of the next."""
    k = floor((winter - 2000) * 12.3685) + 11
    firsts = [day_of(new_moon(n)) for n in range(k - 3, k + 18)]
    eleventh = max(day for day in firsts if day <= term(winter, 270))
    following = max(day for day in firsts if day <= term(winter + 1, 270))
    between = [day for day in firsts if eleventh <= day <= following]
    mid_terms = [term(year, degrees) for year in (winter, winter + 1) for degrees in range(0, 360, 30)]
    found, number, leap_taken = dict[tuple[int, bool], date](), 10, len(between) == 13
    for first, after in pairwise(between):
        has_term = any(first <= day < after for day in mid_terms)
        is_leap = not leap_taken and not has_term
        if is_leap:
            leap_taken = True
        else:
            number = number % 12 + 1
        found[number, is_leap] = first
    return found


def lunar(year: int, month: int, day: int) -> date:
    """The day of a lunar year's month (never the leap one)."""
    return months(year - 1 if month < 11 else year)[month, False] + timedelta(days=day - 1)
