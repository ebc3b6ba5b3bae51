"""Names that Regulars itself gave to rows, in the language of whoever reads them.

A row keeps one name, in the language in which it was made. What operators named or renamed is shown as it stands.
"""

from collections.abc import Iterable
from functools import cache

from django.conf import settings
from django.utils import translation
from django_stubs_ext import StrOrPromise

BETWEEN = " > "
"""Between the parts of a path through a tree of names."""
_given: list[StrOrPromise] = []


def give(names: Iterable[StrOrPromise]) -> None:
    """Say that these names, which have translations, may stand with rows of ours."""
    _given.extend(names)
    _by_text.cache_clear()


def give_in_demo(*names: StrOrPromise) -> None:
    """The same of names that only the demo shop has; elsewhere they are an operator's."""
    if settings.DEMO:
        give(names)


def as_read(name: str) -> str:
    """A name as its reader says it; a way through a tree ("Music > Jazz") part by part."""
    known = _by_text()
    if name in known or BETWEEN not in name:
        return str(known.get(name, name))
    return BETWEEN.join(str(known.get(part, part)) for part in name.split(BETWEEN))


@cache
def _by_text() -> dict[str, StrOrPromise]:
    found: dict[str, StrOrPromise] = {}
    for code, _language in settings.LANGUAGES:
        with translation.override(code):
            found |= {str(name): name for name in _given}
    return found
