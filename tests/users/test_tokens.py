"""Tokens of a customer's own pages: only what we signed, for what we signed it, in its time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from users.tokens import Pass, Purpose, make, read

NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
WHOSE = Pass(7, "m1:0.5")
TOKEN = make(Purpose.CONFIRM, WHOSE, until=NOW + timedelta(days=7))


def test_a_token_is_read_as_it_was_made_and_for_nothing_else() -> None:
    assert read(Purpose.CONFIRM, TOKEN, now=NOW) == WHOSE
    assert read(Purpose.PREFERENCES, TOKEN, now=NOW) is None


@pytest.mark.parametrize(("days", "works"), [(6.9, True), (7, False), (700, False)])
def test_a_token_ends(days: float, works: bool) -> None:
    assert (read(Purpose.CONFIRM, TOKEN, now=NOW + timedelta(days=days)) is not None) is works


def test_any_changed_character_is_refused() -> None:
    for place, right in enumerate(TOKEN):
        for wrong in "Aa0-_=+/ é":
            if wrong != right:
                assert read(Purpose.CONFIRM, TOKEN[:place] + wrong + TOKEN[place + 1 :], now=NOW) is None


@given(st.text(max_size=80))
@settings(max_examples=30, deadline=None)
def test_no_text_is_a_token_by_accident(text: str) -> None:
    assert read(Purpose.PREFERENCES, text, now=NOW) is None
    assert read(Purpose.CONFIRM, TOKEN + (text or "A"), now=NOW) is None
