"""A gate: the table in docs/segment-fields.md is what the apps lend. `--write` makes it so."""

import os
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "segment-fields.md"
BEGIN, END = "<!-- lent: begin -->\n", "<!-- lent: end -->\n"


def current() -> str:
    """The tables of fields, collections and happenings, in English."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.utils import translation

    from segments import registry

    with translation.override("en"):
        fields = [
            f"| `{each.name}` | {each.label} | {each.group} | {each.kind.name} |"
            f" {', '.join(topic.value for topic in (each.topic, *each.also))} |"
            for each in sorted(registry.fields, key=lambda each: (str(each.group), each.name))
        ]
        collections = [
            f"| `{each.name}` | {each.label} | {each.group} | {each.topic.value} |"
            for each in sorted(registry.collections, key=lambda each: (str(each.group), each.name))
        ]
        sources = [
            f"| `{each.name}` | {each.label} | {each.group} | {each.topic.value} |"
            f" {', '.join(f'`{name}`' for name in each.properties)} |"
            for each in sorted(registry.sources, key=lambda each: (str(each.group), each.name))
        ]
    return "\n".join(
        [
            "| field | what it is | group | kind | topics |", "|---|---|---|---|---|", *fields, "",
            "| collection | what it is | group | topic |", "|---|---|---|---|", *collections, "",
            "| happening | what it is | group | topic | properties |", "|---|---|---|---|---|", *sources, "",
        ]
    )  # fmt: skip


def main(arguments: list[str]) -> int:
    """Compare, or write."""
    text, page = current(), PAGE.read_text()
    before, _begin, rest = page.partition(BEGIN)
    stands, _end, after = rest.partition(END)
    if arguments == ["--write"]:
        PAGE.write_text(f"{before}{BEGIN}{text}{END}{after}")
        return 0
    if stands == text:
        return 0
    print("docs/segment-fields.md is out of date; run `python -m tests.architecture.field_table --write`.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
