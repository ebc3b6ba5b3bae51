"""Phone numbers of mainland mobiles are read without the library, and as the library reads them."""

import hypothesis
import phonenumbers
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers.timezone import time_zones_for_number
from pytest_django.fixtures import Settings

from users.services import contacts
from users.services.contacts import phone_number, places_of

MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
PREFIXES = [f"1{second}{rest:02}" for second in range(3, 10) for rest in range(100)]


def by_the_library(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, settings.PHONENUMBER_DEFAULT_REGION)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if possible else None


def places_by_the_library(number: str) -> dict[str, str]:
    parsed = phonenumbers.parse(number)
    zones = [zone for zone in time_zones_for_number(parsed) if zone != "Etc/Unknown"]
    country = {"country": phonenumbers.region_code_for_number(parsed) or ""}
    return {**country, **({"time_zone": zones[0]} if len(zones) == 1 else {})}


@pytest.mark.parametrize("region", ["CN", "US"])
@hypothesis.settings(max_examples=40, deadline=None)
@given(
    number=MOBILES,
    form=st.sampled_from(["{}", "+86{}", "0086{}", " {}", "+86 {}", "{}0", "86{}", "+86{}1", "0{}"]),
)
def test_any_form_of_a_mobile_is_read_as_by_the_library(number: str, form: str, region: str) -> None:
    before = settings.PHONENUMBER_DEFAULT_REGION
    settings.PHONENUMBER_DEFAULT_REGION = region
    contacts._read_number.cache_clear()
    try:
        text = form.format(number)
        assert phone_number(text) == by_the_library(text)
    finally:
        settings.PHONENUMBER_DEFAULT_REGION = before
        contacts._read_number.cache_clear()


def test_every_beginning_of_a_mobile_is_of_the_place_that_the_library_says(settings: Settings) -> None:
    settings.PHONENUMBER_DEFAULT_REGION = "CN"
    for place, prefix in enumerate(PREFIXES):
        number = f"+86{prefix}{place * 12_347 % 10_000_000:07}"
        assert phone_number(number) == phone_number(number[3:]) == by_the_library(number) == number
        assert places_of(number) == places_by_the_library(number)
