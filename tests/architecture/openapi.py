"""A gate: docs/openapi.yaml is what the code says. `--write` makes it so."""

import os
import sys
from pathlib import Path

SNAPSHOT = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"


def current() -> str:
    """The document as drf-spectacular makes it now; its warnings are errors."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.utils import translation
    from drf_spectacular.drainage import GENERATOR_STATS
    from drf_spectacular.generators import SchemaGenerator
    from drf_spectacular.renderers import OpenApiYamlRenderer
    from drf_spectacular.validation import validate_schema

    with translation.override("en"):
        schema = SchemaGenerator().get_schema(request=None, public=True)
        GENERATOR_STATS.emit_summary()
        validate_schema(schema)
        text: str = OpenApiYamlRenderer().render(schema, renderer_context={}).decode()
    if GENERATOR_STATS:
        sys.exit("drf-spectacular warns; each warning is a hole in the document.")
    return text


def main(arguments: list[str]) -> int:
    """Compare, or write."""
    text = current()
    if arguments == ["--write"]:
        SNAPSHOT.write_text(text)
        return 0
    if SNAPSHOT.exists() and SNAPSHOT.read_text() == text:
        return 0
    print("docs/openapi.yaml is out of date; run `make openapi` and read the difference.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
