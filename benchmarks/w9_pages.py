"""W9: every operator page at L against the same page at S: processor time, and the same number of queries.

The clock is told beside; on a machine that does other work it says how long one waited, and so does not count.
"""

from collections.abc import Iterator

from benchmarks.figure import FLOOR, Figure, at_most
from benchmarks.pages import Opened, opened
from benchmarks.w7_pages import ready_shop

OWN_DATA = True


def figures(size: str) -> Iterator[Figure]:
    """Only at L: both sizes, page by page; then how many pages ask more at L than at S."""
    if size != "L":
        return
    large, small = _all("L"), _all("S")
    more = refused = 0
    for name, page in large.items():
        beside = small[name]
        more += page.queries > beside.queries
        refused += page.refused or beside.refused
        told = (
            f"{name} ({beside.queries} queries at S, {page.queries} at L; on the clock {page.seconds:.2f} s)"
        )
        yield at_most(
            "W9", told, value=page.processor, yardstick=beside.processor, limit=1.5, floor=FLOOR, unit="s CPU"
        )
    yield Figure("W9", "pages that ask more at L than at S", more, "", goal="0", met=more == 0)
    yield Figure("W9", "pages that did not open", refused, "", goal="0", met=refused == 0)


def _all(size: str) -> dict[str, Opened]:
    with ready_shop(size):
        return {page.name: page for page in opened()}
