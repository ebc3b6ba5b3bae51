"""Tokens: only what we signed, for what we signed it."""

from hypothesis import given
from hypothesis import strategies as st

from campaigns.tokens import Address, Purpose, make, read

ABOUT = Address(customer_id=7, step_id=3, occasion="2026-05-01T10:00", link_id=12)


def test_a_token_is_read_as_it_was_made() -> None:
    assert read(Purpose.CLICK, make(Purpose.CLICK, ABOUT)) == ABOUT


def test_a_token_serves_no_other_purpose() -> None:
    token = make(Purpose.OPEN, ABOUT)
    assert read(Purpose.UNSUBSCRIBE, token) is None
    assert read(Purpose.CLICK, token) is None


def test_any_changed_character_is_refused() -> None:
    token = make(Purpose.UNSUBSCRIBE, ABOUT)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ "
    for place, right in enumerate(token):
        for wrong in alphabet:
            if wrong != right:
                assert read(Purpose.UNSUBSCRIBE, token[:place] + wrong + token[place + 1 :]) is None


@given(st.text(max_size=80))
def test_no_text_is_a_token_by_accident(text: str) -> None:
    assert read(Purpose.CLICK, text) is None


@given(st.text(min_size=1, max_size=3))
def test_nothing_may_stand_after_a_token(tail: str) -> None:
    assert read(Purpose.CLICK, make(Purpose.CLICK, ABOUT) + tail) is None
