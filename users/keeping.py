"""How long data is kept, per kind: each declared once with its default, what is due, and how it is removed.

Apps above declare theirs in ``holdings.py``. The days are settings (``keep_<name>_days``, 0: for ever).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django_stubs_ext import StrOrPromise

from config.kit.registry import Registry
from users.shop import Setting, declare

PREFIX = "keep_"
MOST_COUNTED = 100_000
"""A preview counts no further."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """A kind of data that is removed when it is old.

    ``due(cutoff, limit)`` counts what is older, at most ``limit``; ``remove(cutoff, limit)`` removes so many in the
    caller's transaction, touches what rules read, and says how many it removed.
    """

    name: str
    title: StrOrPromise
    about: StrOrPromise
    due: Callable[[datetime, int], int]
    remove: Callable[[datetime, int], int]
    days: Setting[int]

    def cutoff(self, now: datetime, days: int | None = None) -> datetime | None:
        """What is older goes; None: nothing ever does."""
        kept = self.days.get() if days is None else days
        return now - timedelta(days=kept) if kept else None


kinds: Registry[Keeping] = Registry("kind of data kept for a time")


def keep(
    name: str,
    title: StrOrPromise,
    about: StrOrPromise,
    *,
    default: int,
    due: Callable[[datetime, int], int],
    remove: Callable[[datetime, int], int],
) -> Keeping:
    """Declare a kind of data with the days it is kept by default."""
    days = declare(f"{PREFIX}{name}_days", default, title)
    return kinds.register(name, Keeping(name, title, about, due, remove, days))
