"""The forms in which a refresh asks: of everybody's tables, of the tables for a few, or of copies of a few's rows."""

import pytest

from segments.services import copies, refresh

FORMS = ("everybody", "few", "copies")
ALL_THE_WORLD = 10**6


def asks_in_form(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let refreshes ask in one of ``FORMS`` from here on, however small the shop."""
    few = 0 if form == "everybody" else ALL_THE_WORLD
    monkeypatch.setattr(refresh._Work, "_few", lambda work: few)
    monkeypatch.setattr(copies, "ASKED_FROM", 1 if form == "copies" else ALL_THE_WORLD)
    monkeypatch.setattr(copies, "SHARED_FROM", 1)
