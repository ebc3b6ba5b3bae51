"""The part of an event's context that is worth keeping."""

from typing import Any

from config.kit import strict_json
from users.devices import kind_of

# Kept names; the inner ones of an object, or null for a text.
KEPT: dict[str, tuple[str, ...] | None] = {
    "campaign": ("name", "source", "medium", "term", "content"),
    "page": ("url", "referrer", "search"),
    "device": ("type", "token"),
    "os": ("name",),
    "locale": None,
    "timezone": None,
    "ip": None,
}
LONGEST = 2_000


class Contexts:
    """Reads the contexts of a body's events: neighbours mostly have the same one, which is then read once."""

    __slots__ = ("_clean", "_kept", "_last", "_names")

    def __init__(self, *, clean: bool) -> None:
        self._clean = clean
        self._last: Any = None
        self._names = 0
        self._kept: dict[str, Any] = {}

    def read(self, context: Any) -> tuple[dict[str, Any], int]:
        """What is kept of an event's context, and the number of names in it where they are proven clean: what
        is not is weighed with its event. Raises Flaw."""
        if not self._clean:
            return trim(context), 0
        if context != self._last:
            self._names = strict_json.weigh(context, clean=True, depth=strict_json.DEPTH - 1)
            self._last, self._kept = context, trim(context)
        return self._kept, self._names


def trim(context: Any) -> dict[str, Any]:
    """What is kept of a context; a part that is not as the specification has it is left out."""
    if not isinstance(context, dict):
        return {}
    kept: dict[str, Any] = {}
    for name in KEPT.keys() & context.keys():
        inner, value = KEPT[name], context[name]
        if inner is None:
            if isinstance(value, str):
                kept[name] = value[:LONGEST]
        elif isinstance(value, dict):
            kept[name] = {part: value[part][:LONGEST] for part in inner if isinstance(value.get(part), str)}
    if kind := kind_of(context):
        # What the kind was read from (a browser's whole text) is not kept.
        kept["device"] = {**kept.get("device", {}), "kind": kind}
    return kept
