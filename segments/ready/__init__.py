"""Ready segments: one for every dimension that a shop looks at.

Data only; ``segments.services.presets`` installs them.
"""

from functools import cache

from django.utils import translation

from segments.ready.answers import ANSWERS
from segments.ready.base import Preset
from segments.ready.who import WHO
from segments.ready.worth import WORTH

__all__ = ["PRESETS", "Preset", "called", "names_of", "purpose_of", "shelves", "title_of"]

PRESETS: dict[str, Preset] = {each.key: each for each in (*WHO, *WORTH, *ANSWERS)}


def title_of(key: str, name: str) -> str:
    """A segment's name in the reader's language, as long as nobody gave it another one than it came with."""
    ready = PRESETS.get(key)
    return str(ready.name) if ready is not None and name in names_of(key) else name


def purpose_of(key: str, description: str) -> str:
    """The same of what it is for."""
    ready = PRESETS.get(key)
    return str(ready.description) if ready is not None and description in names_of(key) else description


def called(text: str) -> list[str]:
    """The keys of those whose name, in the reader's language, has the text in it."""
    wanted = text.casefold()
    return [key for key, ready in PRESETS.items() if wanted in str(ready.name).casefold()]


def shelves() -> dict[str, tuple[str, list[str]]]:
    """What the ready segments are about: a name for addresses → the title, and the keys of those about it."""
    by_group: dict[str, list[str]] = {}
    for key, ready in PRESETS.items():
        by_group.setdefault(str(ready.group), []).append(key)
    return {f"ready-{n}": (title, keys) for n, (title, keys) in enumerate(by_group.items(), 1)}


@cache
def names_of(key: str) -> frozenset[str]:
    """Name and description of a ready segment in every language of the interface."""
    found = set()
    for language in ("en", "zh-hans"):
        with translation.override(language):
            found |= {str(PRESETS[key].name), str(PRESETS[key].description)}
    return frozenset(found)
