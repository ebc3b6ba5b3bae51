"""The heavy statements of the reports, one per file, each with its reason above it."""

from functools import cache
from pathlib import Path


@cache
def statement(name: str) -> str:
    """The text of ``<name>.sql``; parameters are named, ``%(now)s``; ``{pieces}`` are filled in from code."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
