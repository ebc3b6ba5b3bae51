"""The order in which a reader looks for names: letters as in a dictionary, Chinese by pronunciation."""

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Titled(Protocol):
    """A thing with a name that the reader sees."""

    @property
    def title(self) -> str: ...


T = TypeVar("T", bound=Titled)


def reading_order(text: str) -> bytes:
    """What to sort names by. In GB 18030 the common Chinese characters stand by their pinyin, after Latin letters."""
    return text.casefold().encode("gb18030", "replace")


def in_reading_order(named: Iterable[T]) -> list[T]:
    """Things with a ``title`` by it."""
    return sorted(named, key=lambda one: reading_order(one.title))
