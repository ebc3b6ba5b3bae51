"""JSON from strangers: parsed at full speed, with every abuse of the format found and named.

The fast parser silently keeps the last of two equal names. So a document is parsed fast and then proven
clean; only one that cannot be proven clean is parsed again slowly and looked at closely.
"""

import json
import math
import re
from collections.abc import Iterable
from typing import Any

import orjson

LARGEST_NUMBER = 2**53
DEPTH = 32
NAMES = 300
ABYSS = 200
# Texts (one without an end reaches to the end of the document) and the marks of containers outside of them.
_MARKS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


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
    if type(value) is dict and clean:  # what is weighed most often, without detour
        return len(value) + _weigh(value.values(), clean, depth - 1)
    return _weigh((value,), clean, depth)


def _weigh(values: Iterable[Any], clean: bool, room: int) -> int:
    """``room``: how many containers may still stand inside each other."""
    names = 0
    for value in values:
        kind = type(value)
        if kind is str:
            if not clean:
                _check_text(value)
        elif value is None or kind is bool:
            continue
        elif kind is dict or kind is list:
            if not room:
                raise Flaw("too_deep", "Lists and objects are nested too deeply.")
            if kind is dict:
                names += len(value) + (0 if clean else _weigh(value, clean, room))
            if value:
                names += _weigh(value.values() if kind is dict else value, clean, room - 1)
        else:
            _check_number(value)
    return names


def _check_number(value: Any) -> None:
    """What is neither text nor container is a number, or an object read closely that had a name twice."""
    if type(value) is Doubled:
        raise Flaw("duplicate_key", "A name stands twice in one object.")
    if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise Flaw("number_out_of_range", "A number is beyond ±2^53 or not a number.")


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

    Written again, the value has every name once, and a colon stands behind every name and in no other
    place but texts. So a doubled name costs a colon, unless a colon in a text was written as ``\u003a``;
    documents with such escapes are looked at closely.
    """
    if rb"\u00" in raw:
        return False
    try:
        again = orjson.dumps(value)
    except orjson.JSONEncodeError:  # nested deeper than it writes
        return False
    return raw.count(b":") == again.count(b":")


def _parse_slowly(raw: bytes) -> Any:
    if _is_abyss(raw):
        raise Flaw("too_deep", "Lists and objects are nested too deeply.")
    try:
        return json.loads(
            raw.decode("utf-8-sig"), object_pairs_hook=_object, parse_int=_whole, parse_constant=_constant
        )
    except ValueError:
        raise Flaw("not_json", "The body is not JSON.") from None


def _is_abyss(raw: bytes) -> bool:
    """Whether containers stand inside each other deeper than anybody means; found before the parser goes down
    there, because how deep it can go depends on the Python it runs on."""
    if raw.count(b"[") + raw.count(b"{") <= ABYSS:
        return False
    depth = 0
    for found in _MARKS.finditer(raw):
        mark = found[0]
        if mark in (b"[", b"{"):
            depth += 1
            if depth > ABYSS:
                return True
        elif mark in (b"]", b"}"):
            depth -= 1
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    kept = dict(pairs)
    return kept if len(kept) == len(pairs) else Doubled(kept)


def _whole(digits: str) -> int | float:
    """The number, or infinity where it is far beyond the limit: long ones take quadratic time to read."""
    return int(digits) if len(digits) <= 20 else math.inf


def _constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")
