"""A gate: every text of code and templates is in the Chinese catalogue, translated. `--write` gathers them.

Texts are found with Babel and Django's reader of template tags: the gate needs no gettext tools.
"""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

BASE = Path(__file__).resolve().parents[2]
CATALOGUE = BASE / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
APPS = ("config", "users", "segments", "campaigns", "growth", "feedback")
KEYWORDS: dict[str, object] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sdif]|%[sdif]|\{(\w*)\}")
Found = tuple[str, str | tuple[str, ...], str | None]


def sources() -> Iterator[tuple[str, bytes]]:
    """Every Python file and template of the apps, templates turned into something Babel reads."""
    for app in APPS:
        for path in sorted((BASE / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(BASE)), path.read_bytes()
    for folder in (BASE / "templates", *(BASE / app / "templates" for app in APPS)):
        for path in sorted(folder.rglob("*")):
            if path.suffix in {".html", ".txt"}:
                name = str(path.relative_to(BASE))
                yield name, templatize(path.read_text(), origin=name).encode()


def found() -> Iterator[Found]:
    """Each text with the file it stands in and its context."""
    for name, content in sources():
        for _line, message, _comments, context in extract("python", io.BytesIO(content), KEYWORDS):  # type: ignore[arg-type]
            yield name, message, context


def gathered(old: Catalog) -> Catalog:
    """A catalogue of all texts there are now, with the translations of the old one."""
    new = Catalog(locale="zh_Hans", project="Regulars", charset="utf-8")
    new.header_comment = "# Regulars in Chinese."
    for name, message, context in found():
        known = old.get(message if isinstance(message, str) else message[0], context)
        new.add(message, known.string if known else None, locations=[(name, 0)], context=context)
    # Texts of the theme and of libraries that ship no Chinese are kept by hand under this mark.
    for kept in old:
        if kept.id and "kept" in kept.user_comments and new.get(_key(kept), kept.context) is None:
            new.add(kept.id, kept.string, user_comments=["kept"], context=kept.context)
    return new


def problems(catalogue: Catalog) -> list[str]:
    """What is missing, fuzzy or has lost a placeholder."""
    return [problem for message in catalogue if message.id for problem in _of(message)]


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _of(message: Message) -> Iterator[str]:
    strings = [message.string] if isinstance(message.string, str) else list(message.string or [""])
    if not all(strings):
        yield f"not translated: {_key(message)!r}"
    elif message.fuzzy:
        yield f"fuzzy: {_key(message)!r}"
    elif isinstance(message.id, str) and _names(message.id) != _names(strings[0]):
        yield f"placeholders differ: {_key(message)!r}"


def _names(text: str) -> list[str]:
    return sorted(match.group(0) for match in PLACEHOLDER.finditer(text))


def read() -> Catalog:
    """The catalogue of the repository, or an empty one."""
    if not CATALOGUE.exists():
        return Catalog(locale="zh_Hans")
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def write(catalogue: Catalog) -> None:
    """Sorted by text and without line numbers or dates, so that merges stay small."""
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, no_location=True, sort_output=True, omit_header=False, width=110)
    lines = CATALOGUE.read_text().splitlines(keepends=True)
    volatile = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By')
    CATALOGUE.write_text("".join(line for line in lines if not line.startswith(volatile)))


def main(arguments: list[str]) -> int:
    """Check, or write."""
    old = read()
    new = gathered(old)
    if arguments == ["--write"]:
        write(new)
        print(f"{len(new)} texts, {len(problems(new))} of them not done yet.")
        return 0
    mine = problems(new)
    for line in mine[:40]:
        print(line)
    if mine:
        print(
            f"{len(mine)} texts are not done; `make translations` adds them to {CATALOGUE.relative_to(BASE)}."
        )
    return 1 if mine else 0


if __name__ == "__main__":
    from django.conf import settings

    settings.configure() if not settings.configured else None
    sys.exit(main(sys.argv[1:]))
