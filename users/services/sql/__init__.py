"""The heavy statements of users, one per file, each with its reason above it."""

from functools import cache
from pathlib import Path


@cache
def statement(name: str) -> str:
    """The text of ``<name>.sql`` beside this file; parameters are named, ``%(now)s``."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
