"""Ready segments: one for every dimension that a shop looks at.

Data only; ``segments.services.presets`` installs them.
"""

from functools import cache

from django.utils import translation

from config.kit.given_names import give
from config.kit.registry import Registry
from segments.ready.answers import ANSWERS
from segments.ready.base import Preset
from segments.ready.demo import DEMO
from segments.ready.who import WHO
from segments.ready.worth import WORTH

__all__ = ["PRESETS", "Preset", "named", "names_of", "purpose_of", "shelves", "title_of"]

PRESETS: dict[str, Preset] = {each.key: each for each in (*WHO, *WORTH, *ANSWERS)}
named: Registry[Preset] = Registry("named segment")
"""Those whose name and purpose are known in every language: the ready ones, and what apps bring for the demo shop."""
for each in (*PRESETS.values(), *DEMO):
    named.register(each.key, each)

give(ready.name for ready in named)


def title_of(key: str, name: str) -> str:
    """A segment's name in the reader's language, as long as nobody gave it another one than it came with."""
    ready = named.get(key)
    return str(ready.name) if ready is not None and name in names_of(key) else name


def purpose_of(key: str, description: str) -> str:
    """The same of what it is for."""
    ready = named.get(key)
    return str(ready.description) if ready is not None and description in names_of(key) else description


def shelves() -> dict[str, tuple[str, list[str]]]:
    """What these segments are about: a name for addresses → the title, and the keys of those about it."""
    by_group: dict[str, list[str]] = {}
    for ready in named:
        by_group.setdefault(str(ready.group), []).append(ready.key)
    return {f"ready-{n}": (title, keys) for n, (title, keys) in enumerate(by_group.items(), 1)}


@cache
def names_of(key: str) -> frozenset[str]:
    """Name and description of such a segment in every language of the interface."""
    found = set()
    for language in ("en", "zh-hans"):
        with translation.override(language):
            found |= {str(named[key].name), str(named[key].description)}
    return frozenset(found)
