"""JSON from strangers: parsed at full speed, with every abuse of the format found and named.

The fast parser silently keeps the last of two equal names. So a document is parsed fast and then proven
clean; only one that cannot be proven clean is parsed again slowly and looked at closely.
"""

import json
import math
from typing import Any

import orjson

LARGEST_NUMBER = 2**53
DEPTH = 32
NAMES = 300


class Flaw(ValueError):
    """What is wrong with a document: ``code`` for machines, the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Doubled(dict[str, Any]):
    """An object in which some name stood twice; the last value is kept."""


class Document:
    """A parsed document. ``clean``: proven free of doubled names, NUL characters and lone surrogates."""

    __slots__ = ("clean", "value")

    def __init__(self, value: Any, *, clean: bool) -> None:
        self.value = value
        self.clean = clean


def parse(raw: bytes) -> Document:
    """Parse a document of limited size. Raises Flaw ``not_json`` or ``too_deep``."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return Document(_parse_slowly(raw), clean=False)
    if _is_clean(raw, value):
        return Document(value, clean=True)
    return Document(_parse_slowly(raw), clean=False)


def weigh(value: Any, *, clean: bool, depth: int = DEPTH) -> int:
    """The number of names in a value, after looking for what the format allows and we do not.

    ``depth`` is how many containers may stand inside each other, this one included. Raises Flaw with the
    codes ``too_deep``, ``number_out_of_range``, ``bad_text``, ``duplicate_key``.
    """
    kind = type(value)
    if kind is dict or kind is list:
        return _weigh(value, clean, depth)
    return _weigh([value], clean, depth + 1)


def _weigh(container: Any, clean: bool, depth: int) -> int:
    if not depth:
        raise Flaw("too_deep", "Lists and objects are nested too deeply.")
    if type(container) is list:
        names, inner = 0, container
    else:
        names, inner = len(container), container.values()
        if not clean:
            _check_names(container)
    for value in inner:
        kind = type(value)
        if kind is str:
            if not clean:
                _check_text(value)
        elif kind is dict or kind is list or kind is Doubled:
            names += _weigh(value, clean, depth - 1)
        elif kind is not bool and value is not None and not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
            raise Flaw("number_out_of_range", "A number is beyond ±2^53 or not a number.")
    return names


def _check_names(container: dict[str, Any]) -> None:
    if type(container) is Doubled:
        raise Flaw("duplicate_key", "A name stands twice in one object.")
    for name in container:
        _check_text(name)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise Flaw("bad_text", "A text contains a NUL character.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Flaw("bad_text", "A text contains half of a surrogate pair.") from None


def _is_clean(raw: bytes, value: Any) -> bool:
    r"""Whether ``raw`` certainly holds each name once and no NUL; false means "look closely".

    Written again, the value has every name once. When that gives the same bytes, nothing was lost.
    Otherwise the places that look like the end of a name (``":``) are counted in both: a doubled name
    stands in ``raw`` only. The count compares like with like unless blanks stand before a colon or a
    quote or colon is written as ``\u00xx``; such documents are looked at closely.
    """
    try:
        again = orjson.dumps(value)
    except orjson.JSONEncodeError:  # nested deeper than it writes
        return False
    if again == raw:
        return rb"\u0000" not in raw
    if rb"\u00" in raw or any(blank in raw for blank in (b'" ', b'"\n', b'"\t', b'"\r')):
        return False
    return raw.count(b'":') == again.count(b'":')


def _parse_slowly(raw: bytes) -> Any:
    try:
        return json.loads(
            raw.decode("utf-8-sig"), object_pairs_hook=_object, parse_int=_whole, parse_constant=_constant
        )
    except RecursionError:
        raise Flaw("too_deep", "Lists and objects are nested too deeply.") from None
    except ValueError:
        raise Flaw("not_json", "The body is not JSON.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    kept = dict(pairs)
    return kept if len(kept) == len(pairs) else Doubled(kept)


def _whole(digits: str) -> int | float:
    """The number, or infinity where it is far beyond the limit: long ones take quadratic time to read."""
    return int(digits) if len(digits) <= 20 else math.inf


def _constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")
