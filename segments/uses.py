"""What uses a segment: the apps above and the parts here say so, for many segments at once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from config.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Use:
    """One user of a segment. ``kind`` groups and colours it; ``blocks``: the segment cannot go while it is there."""

    kind: str
    sentence: str
    url: str = ""
    blocks: bool = True


Uses = Mapping[int, Sequence[Use]]

# Each entry is asked once for all segments in question: number of a segment → what uses it.
uses: Registry[Callable[[Collection[int]], Uses]] = Registry("use of segments")


def uses_of(segments: Collection[int]) -> dict[int, list[Use]]:
    """Everything that uses these segments but other segments."""
    found: dict[int, list[Use]] = {pk: [] for pk in segments}
    for ask in uses:
        for pk, used in ask(segments).items():
            found.setdefault(pk, []).extend(used)
    return found
