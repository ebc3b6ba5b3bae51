"""W9: every operator page at L against the same page at S: server time, and the same number of queries."""

from collections.abc import Iterator

from benchmarks.data import database
from benchmarks.figure import Figure, at_most
from benchmarks.pages import Opened, opened
from benchmarks.w7_pages import made_ready


def figures(size: str) -> Iterator[Figure]:
    """Only at L: both sizes, page by page; then how many pages ask more at L than at S."""
    if size != "L":
        return
    large = _all()
    with database("S"):
        small = _all()
    more = 0
    for name, page in large.items():
        beside = small[name]
        more += page.queries > beside.queries
        told = f"{name} ({beside.queries} queries at S, {page.queries} at L)"
        yield at_most("W9", told, value=page.seconds, yardstick=beside.seconds, limit=1.5)
    yield Figure("W9", "pages that ask more at L than at S", more, "", goal="0", met=more == 0)


def _all() -> dict[str, Opened]:
    for _figure in made_ready():
        pass
    return {page.name: page for page in opened()}
