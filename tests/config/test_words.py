"""Numbers, money and time in both languages."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from config.kit import words
from users.money import major_text, minor_units

NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "minor", "currency", "written"),
    [
        ("en", 123456, "USD", "$1,234.56"),
        ("zh-hans", 123456, "CNY", "¥1,234.56"),
        ("zh-hans", 123456, "USD", "US$1,234.56"),
        ("en", 500, "JPY", "¥500"),
        ("en", -250, "USD", "-$2.50"),
        ("en", None, "USD", "–"),
    ],
)
def test_money_knows_the_minor_units_of_its_currency(
    language: str, minor: int | None, currency: str, written: str
) -> None:
    with override(language):
        assert words.money(minor, currency) == written


def test_large_money_leaves_the_fraction_out() -> None:
    with override("en"):
        assert words.money(123456, "USD", whole=True) == "$1,235"


def test_numbers_and_shares() -> None:
    with override("en"):
        assert words.number(1234567) == "1,234,567"
        assert words.number(3.14159, 1) == "3.1"
        assert words.percent(0.1234) == "12.3%"
        assert words.percent(None) == "–"
        assert words.compact(12345) == "12.3K"
    with override("zh-hans"):
        assert words.compact(12345) == "1.2万"


@pytest.mark.parametrize(
    ("language", "ago", "written"),
    [
        ("en", timedelta(seconds=10), "just now"),
        ("en", timedelta(hours=3), "3 hours ago"),
        ("en", timedelta(days=-2), "in 2 days"),
        ("zh-hans", timedelta(hours=3), "3小时前"),
    ],
)
def test_relative_time(language: str, ago: timedelta, written: str) -> None:
    with override(language):
        assert words.relative(NOW - ago, NOW) == written


def test_what_happens_every_other_second_is_told_to_the_second() -> None:
    at = datetime(2026, 11, 27, 4, 5, 6, tzinfo=UTC)
    assert words.to_the_second(at) == f"{words.day(at, 'short')} 12:05:06"


def test_absolute_time_names_its_zone() -> None:
    with override("en"):
        assert words.absolute(NOW) == "May 20, 2026, 12:00:00\u202fPM GMT+08:00 (Asia/Shanghai)"
    assert words.clock_time(NOW) == "12:00"


def test_a_late_instant_is_the_next_day_in_the_shop() -> None:
    late = datetime(2026, 5, 20, 17, 0, tzinfo=UTC)
    with override("en"):
        assert words.day(late) == "May 21, 2026"
    with override("zh-hans"):
        assert words.day(late) == "2026年5月21日"


def test_a_language_without_catalogue_reads_english() -> None:
    with override("de"):
        assert words.number(1234) == "1,234"


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (19950, "RSD", "RSD199.50"),
        (19950, "IQD", "IQD19.950"),
        (19950, "KWD", "KWD19.950"),
        (19950, "JPY", "¥19,950"),
        (19950, "CNY", "CN¥199.50"),
    ],
)
def test_amounts_have_the_minor_units_of_iso(minor: int, currency: str, shown: str) -> None:
    with override("en"):
        assert words.money(minor, currency) == shown
    assert minor_units(major_text(minor, currency), currency) == minor
