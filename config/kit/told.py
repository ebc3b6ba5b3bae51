"""Texts that are kept with a row and read later, by somebody else: in every language of the product.

What a job was asked for is worded of names and groups as they stood then; whoever reads it has a language of their own.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.utils import translation

LONGEST = 200
Wording = Callable[[], str]


def in_every_language(say: Wording) -> dict[str, str]:
    """What ``say`` says in each language: language code → text."""
    told = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            told[code] = str(say())[:LONGEST]
    return told


def is_told(kept: Any) -> bool:
    """Whether a value is a text in every language."""
    return isinstance(kept, Mapping) and set(kept) == {code for code, _name in settings.LANGUAGES}


def to_reader(told: Any, otherwise: str) -> str:
    """The text in the language of now; ``otherwise`` for a row from before texts were kept so."""
    text = told.get(translation.get_language()) if isinstance(told, Mapping) else None
    return text if isinstance(text, str) and text else otherwise
