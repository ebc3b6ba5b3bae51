"""Log lines name no shopper."""

import json
import logging

import pytest

from config.logs import scrub, settings


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("to alice@example.com now", "to ‹mail› now"),
        ("call +86 138 0013 8000", "call ‹number›"),
        ("call 13800138000!", "call ‹number›!"),
        ("at 2026-11-22 06:53:24 with 1500 rows", "at 2026-11-22 06:53:24 with 1500 rows"),
        ("DETAIL:  Key (name)=(Alice) already exists.", "DETAIL: …"),
    ],
)
def test_scrub(said: str, logged: str) -> None:
    assert scrub(said) == logged


def test_a_line_is_json_and_its_traceback_is_scrubbed() -> None:
    formatter_settings = settings("INFO")["formatters"]["json"]
    formatter = formatter_settings.pop("()")(**formatter_settings)
    try:
        raise ValueError("no such customer alice@example.com")
    except ValueError:
        record = logging.getLogger("x").makeRecord(
            "x", logging.ERROR, __file__, 1, "failed for %s", ("13800138000",), __import__("sys").exc_info()
        )
    line = formatter.format(record)
    assert json.loads(line)["event"] == "failed for ‹number›"
    assert "alice@example.com" not in line


def test_a_line_says_what_it_was_about_and_nothing_a_library_hung_on_it() -> None:
    formatter_settings = settings("INFO")["formatters"]["json"]
    formatter = formatter_settings.pop("()")(**formatter_settings)
    record = logging.getLogger("x").makeRecord(
        "x", logging.WARNING, __file__, 1, "handler_failed", (), None,
        extra={"handler": "growth.earn", "problem": "of alice@example.com", "request": "GET /u/token"},
    )  # fmt: skip
    line = json.loads(formatter.format(record))
    assert (line["handler"], line["problem"]) == ("growth.earn", "of ‹mail›")
    assert "request" not in line
