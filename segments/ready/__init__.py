"""Ready segments: one for every dimension that a shop looks at.

Data only; ``segments.services.presets`` installs them.
"""

from functools import cache

from django.utils import translation

from segments.ready.answers import ANSWERS
from segments.ready.base import Preset
from segments.ready.who import WHO
from segments.ready.worth import WORTH

__all__ = ["PRESETS", "Preset", "names_of", "purpose_of", "title_of"]

PRESETS: dict[str, Preset] = {each.key: each for each in (*WHO, *WORTH, *ANSWERS)}


def title_of(key: str, name: str) -> str:
    """A segment's name in the reader's language, as long as nobody gave it another one than it came with."""
    ready = PRESETS.get(key)
    return str(ready.name) if ready is not None and name in names_of(key) else name


def purpose_of(key: str, description: str) -> str:
    """The same of what it is for."""
    ready = PRESETS.get(key)
    return str(ready.description) if ready is not None and description in names_of(key) else description


@cache
def names_of(key: str) -> frozenset[str]:
    """Name and description of a ready segment in every language of the interface."""
    found = set()
    for language in ("en", "zh-hans"):
        with translation.override(language):
            found |= {str(PRESETS[key].name), str(PRESETS[key].description)}
    return frozenset(found)
