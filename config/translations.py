"""Catalogues: compiled with Babel, as a fresh machine has no gettext tools."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_catalogues(folder: Path) -> int:
    """Write each `.mo` that is missing or older than its `.po`; the number written."""
    stale = [po for po in sorted(folder.glob("*/LC_MESSAGES/*.po")) if _is_stale(po)]
    for po in stale:
        _compile(po)
    return len(stale)


def _is_stale(po: Path) -> bool:
    mo = po.with_suffix(".mo")
    return not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime


def _compile(po: Path) -> None:
    with po.open("rb") as file:
        catalogue = read_po(file, locale=po.parent.parent.name)
    partial = po.with_suffix(".mo.part")
    with partial.open("wb") as file:
        write_mo(file, catalogue)
    partial.rename(po.with_suffix(".mo"))
